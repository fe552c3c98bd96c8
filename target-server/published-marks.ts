import type { Log } from "./log.ts";
import type { ChatMessage } from "./message.ts";
import type { Outbox } from "./outbox.ts";
import type { Store } from "./store.ts";

const LOOK_EVERY_MS = 1_000;
/** Younger ones are on their way with the instance that stored them. */
const LEFT_BEHIND_AFTER_MS = 3_000;
const PAGE = 500;
const MARK_EVERY_MS = 50;

/**
 * Keeps the table's `published` true to what happened, and publishes what others left: a message is confirmed once
 * it is stored, so an instance that dies before publishing it must not make it a lost one (A79). Publishing twice
 * is harmless: the relay knows message ids.
 */
export class PublishedMarks {
  readonly #store: Store;
  readonly #outbox: Outbox;
  readonly #log: Log;
  readonly #timers: readonly NodeJS.Timeout[];
  #unmarked: { id: string; seq: number }[] = [];
  #marking = false;

  constructor(store: Store, outbox: Outbox, log: Log, relayIsLive: () => boolean) {
    this.#store = store;
    this.#outbox = outbox;
    this.#log = log;
    this.#timers = [
      setInterval(() => void this.flush().catch(() => {}), MARK_EVERY_MS),
      setInterval(() => {
        if (relayIsLive()) void this.#publishLeftBehind();
      }, LOOK_EVERY_MS),
    ];
  }

  add(message: ChatMessage, seq: number): void {
    this.#unmarked.push({ id: message.id, seq });
  }

  /** Rejects when the store does not take it; the marks are kept for the next time. */
  async flush(): Promise<void> {
    if (this.#marking || this.#unmarked.length === 0) return;
    this.#marking = true;
    const marks = this.#unmarked;
    this.#unmarked = [];
    try {
      await this.#store.markPublished(marks);
    } catch (error) {
      this.#unmarked = [...marks, ...this.#unmarked];
      throw error;
    } finally {
      this.#marking = false;
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  async #publishLeftBehind(): Promise<void> {
    try {
      const messages = await this.#store.leftBehind(Date.now() - LEFT_BEHIND_AFTER_MS, PAGE);
      const unmarked = new Set(this.#unmarked.map(({ id }) => id));
      const found = messages.filter(({ id }) => !unmarked.has(id));
      for (const message of found) this.#outbox.add(message);
      if (found.length > 0) this.#log.info("publishing what was left behind", { messages: found.length });
    } catch {
      // The store is away; readiness says so, and the next look comes in a second.
    }
  }
}
