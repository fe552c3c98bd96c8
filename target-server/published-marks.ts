import type { Log } from "./log.ts";
import type { ChatMessage } from "./message.ts";
import type { Outbox } from "./outbox.ts";
import type { Store } from "./store.ts";

const LOOK_EVERY_MS = 1_000;
/** Younger ones are on their way with the instance that stored them. */
const LEFT_BEHIND_AFTER_MS = 3_000;
const PAGE = 500;
const MARK_EVERY_MS = 50;

interface Mark {
  readonly id: string;
  readonly seq: number;
}

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
  #unmarked: Mark[] = [];
  /** Those that are being written, and the writing. */
  #marking: { readonly marks: readonly Mark[]; readonly done: Promise<void> } | undefined;

  constructor(store: Store, outbox: Outbox, log: Log, relayIsLive: () => boolean) {
    this.#store = store;
    this.#outbox = outbox;
    this.#log = log;
    this.#timers = [
      setInterval(() => {
        if (!this.#marking) void this.flush().catch(() => {});
      }, MARK_EVERY_MS),
      setInterval(() => {
        if (relayIsLive()) void this.#publishLeftBehind();
      }, LOOK_EVERY_MS),
    ];
  }

  add(message: ChatMessage, seq: number): void {
    this.#unmarked.push({ id: message.id, seq });
  }

  /** All that were added until now. Rejects when the store does not take them; they are kept for the next time. */
  async flush(): Promise<void> {
    // What is being written does not hold those that came since; whether it was taken shows below.
    while (this.#marking) await this.#marking.done.catch(() => {});
    if (this.#unmarked.length === 0) return;
    const marks = this.#unmarked;
    this.#unmarked = [];
    const done = this.#mark(marks);
    this.#marking = { marks, done };
    await done;
  }

  async #mark(marks: readonly Mark[]): Promise<void> {
    try {
      await this.#store.markPublished(marks);
    } catch (error) {
      this.#unmarked = [...marks, ...this.#unmarked];
      throw error;
    } finally {
      this.#marking = undefined;
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  async #publishLeftBehind(): Promise<void> {
    try {
      const messages = await this.#store.leftBehind(Date.now() - LEFT_BEHIND_AFTER_MS, PAGE);
      const unmarked = new Set([...(this.#marking?.marks ?? []), ...this.#unmarked].map(({ id }) => id));
      const found = messages.filter(({ id }) => !unmarked.has(id));
      for (const message of found) this.#outbox.add(message);
      if (found.length > 0) this.#log.info("publishing what was left behind", { messages: found.length });
    } catch {
      // The store is away; readiness says so, and the next look comes in a second.
    }
  }
}
