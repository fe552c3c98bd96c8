/** The clock of this process as it came, whatever is added to it. */
const trueNow = Date.now.bind(Date);
const TrueDate = Date;
let offsetMs = 0;

/**
 * Puts this process's clock forward by so many ms (0: right again), for everybody who asks `Date`, libraries too:
 * a skewed clock does not stop at our own code (E42). Timers and `performance.now()` run on as they do on a machine
 * whose clock is wrong.
 */
export function offsetClock(byMs: number): void {
  offsetMs = byMs;
  globalThis.Date = byMs === 0 ? TrueDate : (OffsetDate as DateConstructor);
}

const OffsetDate: unknown = new Proxy(TrueDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [trueNow() + offsetMs] : args, newTarget),
  apply: () => new TrueDate(trueNow() + offsetMs).toString(),
  get: (target, key, receiver) =>
    key === "now" ? () => trueNow() + offsetMs : Reflect.get(target, key, receiver),
});
