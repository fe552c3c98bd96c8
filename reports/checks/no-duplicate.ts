import { showIdentity } from "../../scenarios/model/identity.ts";
import type { Check } from "../check.ts";
import { histogramOf, plural, show } from "../measure.ts";
import { droppedIn, eachSend, odditiesIn } from "../oddities.ts";
import { intersection, union } from "../record/intervals.ts";
import type { Intervals, RunRecord, SubscriptionWindow } from "../record/run-record.ts";
import { faultInForce, faultSpans, messageSpan } from "../windows.ts";

const EVIDENCE = 10;

const check: Check = {
  name: "no-duplicate",
  summary: "nobody receives the same message twice on one subscription",
  requirement: ["INV-DUP"],
  unit: "messages",
  limits: { baseline: 0, fault: 0, recovery: 0, final: 0 },
  explain: [
    "Raw duplicates by message identity, for each subscription; a reconnected client has a new subscription. Limit 0:",
    "without a resume there is no reason for one (INV-DUP). Where the server numbers a room's messages, it is told how",
    "many of the copies have a number of their own: a client that dedupes by the server's ids would show those twice.",
    "What a client got before and again on a later subscription (a resume that reaches back too far) is told, not held",
    "against anyone. A duplicate belongs to the phase in which its message was intended. The engine lists single cases",
    "up to a cap of each kind; the rest are counted by the time at which they came.",
  ].join(" "),
  judge(record, phase, limit) {
    const { fromMs, toMs } = messageSpan(record, phase);
    const samples = histogramOf(record, "delivery", fromMs, toMs).total;
    const duplicates = odditiesIn(record, "duplicate", fromMs, toMs);
    const dropped = droppedIn(record, "duplicate", fromMs, toMs);
    const measured = duplicates.length + dropped.known;
    if (samples === 0 && measured === 0)
      return { status: "unknown", why: "nothing was delivered in this phase", samples };
    if (measured <= limit && dropped.perhaps > 0) {
      const why = `${plural(dropped.perhaps, "irregular delivery", "irregular deliveries")} could not be listed and may have been duplicates`;
      return { status: "unknown", why, samples, measured };
    }
    const again = resumed(record, fromMs, toMs);
    const notes = [
      dropped.known > 0 ? `${show(dropped.known)} of them were only counted` : [],
      dropped.perhaps > 0 ? `${show(dropped.perhaps)} more irregular deliveries were not listed` : [],
      again > 0
        ? `${plural(again, "delivery", "deliveries")} of what the client had on an earlier subscription`
        : [],
    ].flat();
    const note = notes.length > 0 ? { note: notes.join("; ") } : {};
    if (measured <= limit) return { status: "met", measured, samples, ...note };
    const rendered = duplicates.filter((one) => one.rendered).length;
    const twice =
      rendered > 0
        ? `; ${show(rendered)} of the copies with a number of their own, which no client's dedupe by id removes`
        : "";
    const spans = faultSpans(record);
    return {
      status: "breached",
      measured,
      samples,
      why: `${show(measured)} of ${plural(samples, "delivery", "deliveries")} came more than once${twice}`,
      counterexamples: duplicates.slice(0, EVIDENCE).map(({ atMs, subscription, publisher, slot }) => {
        const message = showIdentity(publisher, slot);
        const window = record.ledger.windowOf.get(subscription);
        const fault = faultInForce(spans, atMs);
        return {
          text: `${message} came again to client ${window?.client ?? "?"} on ${window?.server ?? "an unknown server"}`,
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

/** Deliveries to a later subscription of what the same client got on an earlier one of that destination. */
function resumed(record: RunRecord, fromMs: number, toMs: number): number {
  let count = 0;
  for (const windows of successive(record.ledger.windows)) {
    const had = new Map<number, Intervals>();
    for (const window of windows) {
      for (const [publisher, slots] of record.ledger.received.get(window.subscription) ?? []) {
        const before = had.get(publisher) ?? [];
        eachSend(record, publisher, intersection(before, slots), (_, send) => {
          const intendedMs = send?.intendedMs ?? window.fromMs;
          if (intendedMs >= fromMs && intendedMs < toMs) count++;
        });
        had.set(publisher, union([before, slots]));
      }
    }
  }
  return count;
}

/** The windows of each client and destination, one after the other. */
function successive(windows: readonly SubscriptionWindow[]): SubscriptionWindow[][] {
  const groups = new Map<string, SubscriptionWindow[]>();
  for (const window of windows) {
    const key = `${window.client} ${window.destination}`;
    const group = groups.get(key);
    if (!group) groups.set(key, [window]);
    // Two at a time are two deliveries of everything.
    else if ((group.at(-1) as SubscriptionWindow).toMs <= window.fromMs) group.push(window);
  }
  return [...groups.values()];
}
