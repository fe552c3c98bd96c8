import { contains } from "./record/intervals.ts";
import type { RunRecord, Send, SubscriptionWindow } from "./record/run-record.ts";
import { routeOf } from "./whereabouts.ts";

/** A client that was away: its subscription of a destination ended, and later it had one again. */
export interface Absence {
  readonly before: SubscriptionWindow;
  readonly after: SubscriptionWindow;
  /** Confirmed while it was away, surely: after the end of the one and before the next was asked for. */
  readonly missed: readonly Send[];
  /** Of these, what came to it after all, on any later subscription. */
  readonly replayed: readonly Send[];
  /** Confirmed before the end was noticed, when the peer had already fallen silent; and what of it came later. */
  readonly silent: readonly Send[];
  readonly silentReplayed: readonly Send[];
}

/** Every absence in which something was said that the client would have been entitled to. */
export function absencesOf(record: RunRecord): Absence[] {
  const { ledger, plan } = record;
  const route = routeOf(plan.scenario.params);
  const sendsTo = new Map<string, Send[]>();
  for (const own of ledger.sends.values()) {
    for (const send of own) {
      const destination = send.outcome === "confirmed" ? route(send.destination) : undefined;
      if (destination === undefined) continue;
      const all = sendsTo.get(destination);
      if (all) all.push(send);
      else sendsTo.set(destination, [send]);
    }
  }
  const ofClient = new Map<string, SubscriptionWindow[]>();
  for (const window of ledger.windows) {
    const key = `${window.client} ${window.destination}`;
    const own = ofClient.get(key);
    if (own) own.push(window);
    else ofClient.set(key, [window]);
  }
  const absences: Absence[] = [];
  for (const windows of ofClient.values()) {
    for (const [at, before] of windows.entries()) {
      const after = windows[at + 1];
      if (!after || after.askedMs <= before.toMs) continue;
      const all = sendsTo.get(before.destination) ?? [];
      const has = (window: SubscriptionWindow, { publisher, slot }: Send) =>
        contains(ledger.received.get(window.subscription)?.get(publisher) ?? [], slot);
      const later = windows.slice(at + 1);
      const came = (send: Send) => later.some((window) => has(window, send));
      const missed = all.filter(
        (send) => send.sentMs > before.toMs && (send.outcomeMs ?? send.sentMs) < after.askedMs,
      );
      const silent = all.filter(
        (send) => send.sentMs > before.heardMs && send.sentMs <= before.toMs && !has(before, send),
      );
      if (missed.length === 0 && silent.length === 0) continue;
      absences.push({
        before,
        after,
        missed,
        replayed: missed.filter(came),
        silent,
        silentReplayed: silent.filter(came),
      });
    }
  }
  return absences;
}
