import type { Redis } from "ioredis";
import { type Rate, SlidingWindows } from "./sliding-window.ts";

/** A SEND waits this long for Redis; then this instance counts by itself. */
const ANSWER_DEADLINE_MS = 250;
/** After Redis failed to answer, it is not asked again for this long. */
const REST_MS = 1_000;

/** ms until one more is let through; 0: it may pass. */
type Waits = number;

interface Asking {
  readonly user: string;
  answer(waits: Waits): void;
}

/** As ioredis adds the script to its client. */
interface Script {
  takeSends(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<number[]>;
}

/**
 * The SENDs of a user, counted in Redis over all instances (A67). All SENDs of one tick share one round trip, and
 * answers come in the order of the questions, so that a session's messages keep theirs.
 *
 * Where Redis does not answer, `without` decides: the healthy server counts on this instance alone, so that a user is
 * held to the limit once per instance (B158).
 */
export class UserSendRate {
  readonly #redis: Redis & Script;
  readonly #rate: Rate;
  readonly #without: (user: string) => Waits;
  readonly #here: SlidingWindows;
  /** Not yet asked, and asked, oldest first. */
  #next: Asking[] = [];
  readonly #asked = new Set<Asking[]>();
  #restUntilMs = 0;

  constructor(redis: Redis, script: string, rate: Rate, without: (user: string) => Waits) {
    redis.defineCommand("takeSends", { lua: script });
    this.#redis = redis as Redis & Script;
    this.#rate = rate;
    this.#without = without;
    this.#here = new SlidingWindows(rate);
  }

  take(user: string): Promise<Waits> | Waits {
    if (this.#redis.status !== "ready" || performance.now() < this.#restUntilMs) return this.#without(user);
    return new Promise((resolve) => {
      if (this.#next.push({ user, answer: resolve }) === 1) setImmediate(() => void this.#ask());
    });
  }

  /** Counted on this instance alone. */
  takeHere(user: string): Waits {
    return this.#here.take(user, performance.now());
  }

  async #ask(): Promise<void> {
    const batch = this.#next;
    this.#next = [];
    if (batch.length === 0) return;
    this.#asked.add(batch);
    const late = setTimeout(() => this.#giveUp(), ANSWER_DEADLINE_MS);
    try {
      const keys = batch.map(({ user }) => `ws:ratelimit:${user}`);
      const waits = await this.#redis.takeSends(keys.length, ...keys, this.#rate.count, this.#rate.windowMs);
      if (!this.#asked.delete(batch)) return;
      for (const [n, asking] of batch.entries()) asking.answer(waits[n] ?? 0);
    } catch {
      this.#giveUp();
    } finally {
      clearTimeout(late);
    }
  }

  /** Everything that waits is answered at once and in order: nothing overtakes it. */
  #giveUp(): void {
    this.#restUntilMs = performance.now() + REST_MS;
    const waiting = [...this.#asked, this.#next].flat();
    this.#asked.clear();
    this.#next = [];
    for (const { user, answer } of waiting) answer(this.#without(user));
  }
}
