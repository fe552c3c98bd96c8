import type { World } from "./world.ts";

/**
 * Until go nobody knows when go will be, so the bring-up is written as −10 min onwards: in order, and never taken for
 * a time of the run. (The bring-up's own deadlines, of a minute each, add up to less.)
 */
const BRING_UP_FROM_MS = -600_000;

/**
 * The run's own time: ms after go. Every file of the record is written in it. It goes by the monotonic clock, so that
 * a wall clock that is set during the run moves nothing; the wall clock is asked once, for what go is called outside.
 */
export class RunClock {
  readonly #world: World;
  /** Time zero, by `performance.now()`. */
  #zeroMs = performance.now() - BRING_UP_FROM_MS;

  constructor(world: World) {
    this.#world = world;
  }

  /** Fixes time zero, `leadMs` ahead so that every engine hears of it before it comes. Returns it in epoch ms. */
  go(leadMs: number): number {
    this.#zeroMs = performance.now() + leadMs;
    return this.#world.now() + leadMs;
  }

  /** Whole ms. */
  nowMs(): number {
    return Math.round(performance.now() - this.#zeroMs);
  }

  /** Resolves at that time of the run, or when `signal` aborts. */
  at(ms: number, signal: AbortSignal): Promise<void> {
    return this.#world.sleep(ms - this.nowMs(), signal);
  }
}
