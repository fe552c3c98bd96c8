import type { Check } from "../check.ts";
import { gapsIn } from "../gaps.ts";
import { countOf, plural } from "../measure.ts";
import { size } from "../record/intervals.ts";
import { faultInForce, faultSpans, messageSpan } from "../windows.ts";

const EVIDENCE = 10;

const check: Check = {
  name: "no-gap",
  summary: "the numbers that a room gives its messages reach each subscriber without a hole",
  requirement: ["INV-ORDER"],
  unit: "gaps",
  limits: { baseline: 0, final: 0 },
  explain: [
    "Where the server numbers a room's messages (header seq), each subscription must see every number between the",
    "first and the last that it got: a hole is what makes a client ask for what it missed (INV-ORDER). Filled later it",
    "is none. Copies and messages of others take their numbers too. Without a fault the limit is 0; during a fault and",
    "the recovery from it a number may be given and its message never published, which no-lost-message judges by the",
    "message. A gap belongs to the phase in which the message behind it was reported, on whole seconds. Without numbers",
    "the check is unknown, so it is for systems that have them.",
  ].join(" "),
  judge(record, phase, limit) {
    const { fromMs, toMs } = messageSpan(record, phase);
    if (record.ledger.sequences.size === 0)
      return { status: "unknown", why: "the server numbers no messages", samples: 0 };
    const samples = countOf(record, "ordered", fromMs, toMs);
    const { gaps, undecided } = gapsIn(record, fromMs, toMs);
    const measured = gaps.length;
    if (samples === 0 && measured === 0)
      return { status: "unknown", why: "no two deliveries of a room could be compared", samples };
    const note =
      undecided > 0
        ? { note: `${plural(undecided, "gap")} where reports of the load are missing: undecided` }
        : {};
    if (measured <= limit) return { status: "met", measured, samples, ...note };
    const spans = faultSpans(record);
    const numbers = gaps.reduce(
      (sum, { fromSequence, toSequence }) => sum + size([fromSequence, toSequence]),
      0,
    );
    return {
      status: "breached",
      measured,
      samples,
      why: `${plural(measured, "gap")} in ${plural(samples, "compared delivery", "compared deliveries")}: ${plural(numbers, "number")} of a room never came`,
      counterexamples: gaps.slice(0, EVIDENCE).map(({ subscription, fromSequence, toSequence, atMs }) => {
        const window = record.ledger.windowOf.get(subscription);
        const fault = faultInForce(spans, atMs);
        const which = fromSequence === toSequence ? `${fromSequence}` : `${fromSequence} to ${toSequence}`;
        return {
          text: `${window?.destination ?? "a room"}, sequence ${which}: never came to client ${window?.client ?? "?"} on ${window?.server ?? "an unknown server"}`,
          atMs,
          ...(window ? { client: window.client, server: window.server } : {}),
          ...(fault === undefined ? {} : { fault }),
        };
      }),
      ...note,
    };
  },
};
export default check;
