/** Edges of the wall clock that are looked at: each costs up to 1 ms, and a stall in between spoils only its own. */
const EDGES = 3;

/**
 * The run's clock in a thread: monotonic, fractional, fixed to the wall clock at an edge of a millisecond, as k6's is.
 * An edge is seen late or in time and never early, so the largest offset is the best.
 */
export class Clock {
  readonly #offsetMs: number;
  #startEpochMs = Number.POSITIVE_INFINITY;

  constructor() {
    this.#offsetMs = Math.max(...Array.from({ length: EDGES }, offsetAtEdge));
  }

  /** Time zero of the run. Until it is set, `nowMs` is −Infinity. */
  go(startEpochMs: number): void {
    this.#startEpochMs = startEpochMs;
  }

  epochMs(): number {
    return this.#offsetMs + performance.now();
  }

  nowMs(): number {
    return this.#offsetMs + performance.now() - this.#startEpochMs;
  }
}

function offsetAtEdge(): number {
  const before = Date.now();
  let edge = before;
  while (edge === before) edge = Date.now();
  return edge - performance.now();
}
