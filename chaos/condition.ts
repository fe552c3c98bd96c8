/**
 * What a window waits for instead of a time of the run. Plain data, complete: the plan says what must hold and until
 * when it may come; whoever sees the run's numbers says when it does.
 */
export type Condition = NumberCondition | StableCondition;

/** `when(ledger.sent>5000)`: a number that the clients report. */
export interface NumberCondition {
  readonly kind: "number";
  /** `ledger.` and a counter (its total since go) or a gauge (its value now) of `scenarios/model/metrics.ts`. */
  readonly quantity: string;
  readonly is: ">" | "<";
  readonly value: number;
  /** ms after the run's start. A condition that came true later would leave its window no room. */
  readonly untilMs: number;
}

/** `after(baseline-stable)`: everybody due is there, and for a while all that is sent arrives in time. */
export interface StableCondition {
  readonly kind: "baseline-stable";
  /** Nothing is looked at before: the warm-up's end, ms after the run's start. */
  readonly fromMs: number;
  /** For how long it must hold without a break, ms. */
  readonly forMs: number;
  /** Of each second's deliveries, in ms. */
  readonly deliveryP99Ms: number;
  readonly untilMs: number;
}

/** As it is written on the command line. */
export function showCondition(condition: Condition): string {
  return condition.kind === "number"
    ? `when(${condition.quantity}${condition.is}${condition.value})`
    : "after(baseline-stable)";
}
