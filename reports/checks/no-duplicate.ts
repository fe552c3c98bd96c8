import type { Check } from "../check.ts";
import { histogramOf, plural, show } from "../measure.ts";
import { judgeOdd } from "../odd-verdict.ts";
import { eachSend } from "../oddities.ts";
import { intersection, union } from "../record/intervals.ts";
import type { Intervals, RunRecord, SubscriptionWindow } from "../record/run-record.ts";
import { messageSpan } from "../windows.ts";

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
    const again = resumed(record, fromMs, toMs);
    return judgeOdd(record, phase, limit, {
      what: "duplicate",
      compared: {
        count: histogramOf(record, "delivery", fromMs, toMs).total,
        one: "delivery",
        many: "deliveries",
      },
      nothing: "nothing was delivered in this phase",
      did: "came more than once",
      perhaps: "been duplicates",
      detail: (duplicates) => {
        const rendered = duplicates.filter((one) => one.rendered).length;
        return rendered > 0
          ? `; ${show(rendered)} of the copies with a number of their own, which no client's dedupe by id removes`
          : "";
      },
      notes:
        again > 0
          ? [`${plural(again, "delivery", "deliveries")} of what the client had on an earlier subscription`]
          : [],
      tell: (message) => `${message} came again`,
    });
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
