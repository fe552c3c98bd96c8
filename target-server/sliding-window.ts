/** `count` in any `windowMs`. */
export interface Rate {
  readonly count: number;
  readonly windowMs: number;
}

/** Exact: the last `count` times are kept, so that no window whatever holds more (I31, B156). */
export class SlidingWindow {
  readonly #rate: Rate;
  /** A ring; grows to `count` only for who uses it. */
  readonly #timesMs: number[] = [];
  #next = 0;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Takes one and answers 0, or takes none and answers the ms until one is free. */
  take(nowMs: number): number {
    const { count, windowMs } = this.#rate;
    const oldestMs = this.#timesMs.length < count ? undefined : this.#timesMs[this.#next];
    if (oldestMs !== undefined && nowMs - oldestMs < windowMs)
      return Math.ceil(oldestMs + windowMs - nowMs) || 1;
    this.#timesMs[this.#next] = nowMs;
    this.#next = (this.#next + 1) % count;
    return 0;
  }

  /** Nothing in it counts any more. */
  idle(nowMs: number): boolean {
    const newestMs = this.#timesMs.at(this.#next - 1);
    return newestMs === undefined || nowMs - newestMs >= this.#rate.windowMs;
  }
}

/** Names are forgotten when they are idle, looked through at most once per window. */
export class SlidingWindows {
  readonly #rate: Rate;
  readonly #windows = new Map<string, SlidingWindow>();
  #sweptMs = 0;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  take(name: string, nowMs: number): number {
    if (nowMs - this.#sweptMs >= this.#rate.windowMs) this.#sweep(nowMs);
    let window = this.#windows.get(name);
    if (window === undefined) {
      window = new SlidingWindow(this.#rate);
      this.#windows.set(name, window);
    }
    return window.take(nowMs);
  }

  get size(): number {
    return this.#windows.size;
  }

  #sweep(nowMs: number): void {
    this.#sweptMs = nowMs;
    for (const [name, window] of this.#windows) if (window.idle(nowMs)) this.#windows.delete(name);
  }
}
