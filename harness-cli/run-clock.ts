import type { World } from "./world.ts";

/**
 * Until go nobody knows when go will be, so the bring-up is written as −10 min onwards: in order, and never taken for
 * a time of the run. (The bring-up's own deadlines, of a minute each, add up to less.)
 */
const BRING_UP_FROM_MS = -600_000;

/** The run's own time: ms after go. Every file of the record is written in it. */
export class RunClock {
  readonly #world: World;
  readonly #madeEpochMs: number;
  #startEpochMs: number | undefined;

  constructor(world: World) {
    this.#world = world;
    this.#madeEpochMs = world.now();
  }

  /** Fixes time zero, `leadMs` ahead so that every engine hears of it before it comes. Returns it in epoch ms. */
  go(leadMs: number): number {
    this.#startEpochMs = this.#world.now() + leadMs;
    return this.#startEpochMs;
  }

  nowMs(): number {
    const zero = this.#startEpochMs ?? this.#madeEpochMs - BRING_UP_FROM_MS;
    return this.#world.now() - zero;
  }

  /** Resolves at that time of the run, or when `signal` aborts. */
  at(ms: number, signal: AbortSignal): Promise<void> {
    return this.#world.sleep(ms - this.nowMs(), signal);
  }
}
