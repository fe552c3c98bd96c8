import type { Plan } from "./record/plan.ts";
import type { Send, SubscriptionWindow } from "./record/run-record.ts";
import type { FaultSpan } from "./windows.ts";

/**
 * How long after its confirmation a message may take to reach a subscriber before it counts as lost. Twice the
 * ceiling of D3, so that what is merely late is judged by delivery-p99 and not here.
 */
export const SETTLE_MS = 2_000;

/** A timer may fire this much before its time by another clock. */
const TIMER_MS = 50;

/** What became of one message at one subscription of its destination. */
export type Fate =
  | "received"
  /** Confirmed to its sender, owed to this subscriber, and never there. */
  | "lost"
  /** Sent around the edge of the subscription: it may rightly have come or not. Counted, never held against anyone. */
  | "undecided"
  /** The subscription did not exist yet or no longer, or the message was never confirmed. */
  | "not-owed";

/**
 * Decides by the entitlement window [SUBSCRIBE's receipt, end of the connection) (C.2): a message is owed when the
 * window was open before it was sent and the peer was surely there until it had time to settle. At the end of the
 * run, when all clients leave together, half of the drain is time enough. Where reports of the subscriber's engine
 * are missing, what should have come then is undecided: it may have come. What was confirmed while a store was away
 * is delivered when it is back (I76), and has until then.
 */
export function fateOf(
  send: Send,
  window: SubscriptionWindow,
  wasReceived: boolean,
  { plan, held }: { readonly plan: Plan; readonly held: readonly FaultSpan[] },
): Fate {
  // An unconfirmed message is not owed to anybody (its sender knows that it may be lost), so its arrival proves nothing.
  if (send.outcome !== "confirmed") return "not-owed";
  if (wasReceived) return "received";
  const settledMs = owedFromMs(send.outcomeMs ?? send.sentMs, held) + settleMs(window, plan);
  const wasThere = window.fromMs <= send.sentMs && settledMs <= window.heardMs;
  const mayBeUntold = window.unseen.some(({ fromMs, toMs }) => fromMs <= settledMs && send.sentMs <= toMs);
  if (wasThere && !mayBeUntold) return "lost";
  const touches = window.askedMs < settledMs && send.sentMs < window.toMs;
  return touches ? "undecided" : "not-owed";
}

/** Those in which a store or a way to it was away: what is confirmed meanwhile is held back. */
export function holdingBack(spans: readonly FaultSpan[]): readonly FaultSpan[] {
  return spans.filter(({ window }) => /(^|\/)(redis|postgres)$/.test(window.target));
}

function owedFromMs(confirmedMs: number, held: readonly FaultSpan[]): number {
  const begun = held.filter(({ fromMs }) => fromMs <= confirmedMs);
  return Math.max(confirmedMs, ...begun.map(({ toMs }) => toMs));
}

function settleMs(window: SubscriptionWindow, plan: Plan): number {
  const { publishUntilMs, endMs } = plan.timing;
  const leftAtEnd = window.ended === "self" && window.toMs >= endMs - TIMER_MS;
  return leftAtEnd ? Math.min(SETTLE_MS, (endMs - publishUntilMs) / 2) : SETTLE_MS;
}
