import type { ChatMessage } from "./message.ts";
import type { Publish } from "./policies.ts";

/** Published together on one connection, which keeps their order; one round trip for all of them. */
const BATCH_MAX = 64;
/** Between two tries while the relay says it is there and still refuses. */
const RETRY_PAUSE_MS = 100;

export interface OutboxOptions {
  readonly capacity: number;
  readonly publish: Publish;
  /** Resolves when publishing may work again. */
  relayReady(): Promise<void>;
  published(message: ChatMessage, seq: number, seconds: number): void;
  failed(error: unknown): void;
}

/**
 * Stored messages on their way to the relay, in the order of their commit. While Redis is away they wait here, and
 * in the table with `published = false` for the case that this instance dies (I76, A98).
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #waiting: ChatMessage[] = [];
  readonly #ids = new Set<string>();
  #draining: Promise<void> | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  add(message: ChatMessage): void {
    if (this.#ids.has(message.id)) return;
    this.#ids.add(message.id);
    this.#waiting.push(message);
    this.#draining ??= this.#drain();
  }

  /** Then new messages must be refused before they are stored. */
  get full(): boolean {
    return this.#waiting.length >= this.#options.capacity;
  }

  get depth(): number {
    return this.#waiting.length;
  }

  async idle(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    // Let the rest of this transaction's messages come in: they share the round trip.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH_MAX);
      const startMs = performance.now();
      const results = await Promise.allSettled(batch.map((message) => this.#options.publish(message)));
      const seconds = (performance.now() - startMs) / 1_000;
      const again: ChatMessage[] = [];
      for (const [n, result] of results.entries()) {
        const message = batch[n]!;
        if (result.status === "fulfilled") {
          this.#ids.delete(message.id);
          this.#options.published(message, result.value, seconds);
        } else {
          again.push(message);
          this.#options.failed(result.reason);
        }
      }
      this.#waiting.splice(0, batch.length, ...again);
      if (again.length > 0) {
        await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS));
        await this.#options.relayReady();
      }
    }
    this.#draining = undefined;
  }
}
