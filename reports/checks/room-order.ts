import { showIdentity } from "../../scenarios/model/identity.ts";
import type { Check } from "../check.ts";
import { gapsIn } from "../gaps.ts";
import { countOf, plural, show } from "../measure.ts";
import { droppedIn, odditiesIn } from "../oddities.ts";
import { faultInForce, faultSpans, messageSpan } from "../windows.ts";

const EVIDENCE = 10;

const check: Check = {
  name: "room-order",
  summary: "in every room each subscriber sees the messages in the room's order",
  requirement: ["INV-ORDER"],
  unit: "messages",
  limits: { baseline: 0, fault: 0, recovery: 0, final: 0 },
  explain: [
    "Each delivery is compared with the one before it in its room, for each subscription: by the room's sequence",
    "number where the server gives one, else by the slot within each publisher. A step backwards is an inversion;",
    "limit 0 (INV-ORDER). A gap in the numbers is none: it is told here and judged by no-gap, and what is missing by",
    "no-lost-message. What strayed in from another room is compared within that room. Cases over the engine's cap are",
    "counted by the time at which they came.",
  ].join(" "),
  judge(record, phase, limit) {
    const { fromMs, toMs } = messageSpan(record, phase);
    const samples = countOf(record, "ordered", fromMs, toMs);
    const inversions = odditiesIn(record, "inversion", fromMs, toMs);
    const dropped = droppedIn(record, "inversion", fromMs, toMs);
    const measured = inversions.length + dropped.known;
    if (samples === 0 && measured === 0) {
      return { status: "unknown", why: "no two deliveries of a room could be compared", samples };
    }
    if (measured <= limit && dropped.perhaps > 0) {
      const why = `${plural(dropped.perhaps, "irregular delivery", "irregular deliveries")} could not be listed and may have been out of order`;
      return { status: "unknown", why, samples, measured };
    }
    const missing = gapsIn(record, fromMs, toMs).gaps;
    const notes = [
      dropped.known > 0 ? `${show(dropped.known)} of them were only counted` : [],
      dropped.perhaps > 0 ? `${show(dropped.perhaps)} more irregular deliveries were not listed` : [],
      missing.length > 0 ? `${plural(missing.length, "gap")} in the numbers of a room` : [],
    ].flat();
    const note = notes.length > 0 ? { note: notes.join("; ") } : {};
    if (measured <= limit) return { status: "met", measured, samples, ...note };
    const spans = faultSpans(record);
    return {
      status: "breached",
      measured,
      samples,
      why: `${show(measured)} of ${plural(samples, "compared delivery", "compared deliveries")} came out of order`,
      counterexamples: inversions.slice(0, EVIDENCE).map((inversion) => {
        const { atMs, subscription, publisher, slot, sequence, after } = inversion;
        const message = showIdentity(publisher, slot);
        const window = record.ledger.windowOf.get(subscription);
        const fault = faultInForce(spans, atMs);
        return {
          text: `${message} (sequence ${sequence}) came after sequence ${after} to client ${window?.client ?? "?"} on ${window?.server ?? "an unknown server"}`,
          atMs,
          message,
          ...(window ? { client: window.client, server: window.server } : {}),
          ...(fault === undefined ? {} : { fault }),
        };
      }),
      ...note,
    };
  },
};
export default check;
