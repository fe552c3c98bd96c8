/**
 * The machine as runs share it. One that wants it alone waits until nobody is under way; who comes after that waits for
 * it.
 */
export class MachineTurns {
  /** Resolves when the last one that asked for it alone is done. */
  #free: Promise<void> = Promise.resolve();
  readonly #running = new Set<Promise<unknown>>();

  async together<R>(run: () => Promise<R>): Promise<R> {
    for (let free: Promise<void> | undefined; free !== this.#free; ) {
      free = this.#free;
      await free;
    }
    const running = run();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async alone<R>(run: () => Promise<R>): Promise<R> {
    const before = this.#free;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#free = promise;
    try {
      await before;
      await Promise.allSettled(this.#running);
      return await run();
    } finally {
      resolve();
    }
  }
}
