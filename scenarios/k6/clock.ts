import exec from "k6/execution";

/**
 * The run's clock inside k6, where there is no `performance` and `Date.now()` has whole milliseconds: k6's own
 * duration (monotonic, fractional), fixed to the wall clock at one edge of a millisecond. Reading
 * `exec.instance` again each time would cost ten times as much.
 */
export class Clock {
  readonly #instance = exec.instance;
  readonly #offsetMs: number;
  #startEpochMs = Number.POSITIVE_INFINITY;

  constructor() {
    const before = Date.now();
    let edge = before;
    while (edge === before) edge = Date.now();
    this.#offsetMs = edge - this.#instance.currentTestRunDuration;
  }

  /** Time zero of the run. Until it is set, `nowMs` is −Infinity. */
  go(startEpochMs: number): void {
    this.#startEpochMs = startEpochMs;
  }

  epochMs(): number {
    return this.#offsetMs + this.#instance.currentTestRunDuration;
  }

  nowMs(): number {
    return this.epochMs() - this.#startEpochMs;
  }

  /** A `timestamp` of an event of k6 (epoch ms with fractions) on the run's clock. */
  runMs(timestamp: number): number {
    return timestamp - this.#startEpochMs;
  }
}
