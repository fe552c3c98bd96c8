/** The timer's own interval: a beat or an answer that is late by less than this harms nobody. */
const EVERY_MS = 20;
/** One stall of this many intervals is enough to say that it was long. */
const SLOTS_MAX = 500;

/**
 * How late the event loop runs its timers, as often as it should have run them (A59, A135, D57): every interval that
 * a stall swallowed counts with the lateness it would have had, so that one stall of a second is not one sample among
 * thousands of good ones. Seconds.
 */
export function watchLoopLag(observe: (seconds: number) => void, now = () => performance.now()): Disposable {
  let dueMs = now() + EVERY_MS;
  const timer = setInterval(() => {
    for (const lateMs of latenesses(now(), dueMs)) observe(lateMs / 1_000);
    dueMs = now() + EVERY_MS;
  }, EVERY_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Of the timer that was due at `dueMs` and of each that would have been due since. ms, falling. */
export function latenesses(nowMs: number, dueMs: number): number[] {
  const lateMs: number[] = [];
  for (let late = nowMs - dueMs; late >= 0 && lateMs.length < SLOTS_MAX; late -= EVERY_MS) lateMs.push(late);
  return lateMs.length > 0 ? lateMs : [0];
}
