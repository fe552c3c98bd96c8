import { fateOf, holdingBack } from "./entitlement.ts";
import { contains } from "./record/intervals.ts";
import type { RunRecord, Send, SubscriptionWindow } from "./record/run-record.ts";
import { routeOf } from "./whereabouts.ts";
import { faultSpans } from "./windows.ts";

/** A message and a subscription of its destination. */
export interface Pair {
  readonly send: Send;
  readonly window: SubscriptionWindow;
}

export interface Tally {
  readonly lost: readonly Pair[];
  readonly received: number;
  readonly undecided: number;
  readonly unconfirmed: number;
  readonly unroutable: number;
}

/** What became of every pair whose message was intended in [fromMs, toMs); the lost ones by time. */
export function tallyPairs(
  record: RunRecord,
  fromMs: number,
  toMs: number,
  onReceived?: (pair: Pair) => void,
): Tally {
  const { ledger, plan } = record;
  const held = holdingBack(faultSpans(record));
  const route = routeOf(plan.scenario.params);
  const subscriptions = windowsByDestination(ledger.windows);
  const lost: Pair[] = [];
  let received = 0;
  let undecided = 0;
  let unconfirmed = 0;
  let unroutable = 0;
  for (const own of ledger.sends.values()) {
    for (const send of own) {
      if (send.intendedMs < fromMs || send.intendedMs >= toMs) continue;
      if (send.outcome === "unknown") unconfirmed++;
      const destination = route(send.destination);
      if (destination === undefined) {
        unroutable++;
        continue;
      }
      for (const window of subscriptions.get(destination) ?? []) {
        const slots = ledger.received.get(window.subscription)?.get(send.publisher);
        const wasReceived = slots !== undefined && contains(slots, send.slot);
        const fate = fateOf(send, window, wasReceived, { plan, held });
        if (fate === "received") {
          received++;
          onReceived?.({ send, window });
        } else if (fate === "undecided") undecided++;
        else if (fate === "lost") lost.push({ send, window });
      }
    }
  }
  lost.sort((a, b) => a.send.intendedMs - b.send.intendedMs || a.window.client - b.window.client);
  return { lost, received, undecided, unconfirmed, unroutable };
}

function windowsByDestination(
  windows: readonly SubscriptionWindow[],
): ReadonlyMap<string, readonly SubscriptionWindow[]> {
  const map = new Map<string, SubscriptionWindow[]>();
  for (const window of windows) {
    const own = map.get(window.destination);
    if (own) own.push(window);
    else map.set(window.destination, [window]);
  }
  return map;
}
