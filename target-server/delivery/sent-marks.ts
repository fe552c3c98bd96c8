import type { Journal } from "./journal.ts";

const FLUSH_EVERY_MS = 100;

/** Keeps the journal's `state` true to what happened, many rows at a time. What is lost of it is only sent twice. */
export class SentMarks {
  readonly #journal: Journal;
  readonly #timer: NodeJS.Timeout;
  #marks: { readonly seq: number; readonly state: 1 | 2 }[] = [];

  constructor(journal: Journal) {
    this.#journal = journal;
    this.#timer = setInterval(() => void this.flush().catch(() => {}), FLUSH_EVERY_MS);
  }

  sent(events: readonly { readonly seq: number }[]): void {
    for (const { seq } of events) if (seq > 0) this.#marks.push({ seq, state: 2 });
  }

  buffered(event: { readonly seq: number }): void {
    if (event.seq > 0) this.#marks.push({ seq: event.seq, state: 1 });
  }

  /** Those whose mark is still on its way. */
  has(seq: number): boolean {
    return this.#marks.some((mark) => mark.seq === seq);
  }

  /** Rejects when the store does not take it; the marks are kept for the next time. */
  async flush(): Promise<void> {
    const marks = this.#marks;
    if (marks.length === 0) return;
    this.#marks = [];
    try {
      for (const state of [1, 2] as const) {
        const seqs = marks.filter((mark) => mark.state === state).map(({ seq }) => seq);
        if (seqs.length > 0) await this.#journal.mark(seqs, state);
      }
    } catch (error) {
      this.#marks = [...marks, ...this.#marks];
      throw error;
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
