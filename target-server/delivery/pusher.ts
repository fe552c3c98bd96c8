import type { PushToUser, UserEvent } from "../delivery-policies.ts";
import { type Log, reasonOf } from "../log.ts";
import type { Journal, JournalEntry, JournalRow } from "./journal.ts";
import type { SentMarks } from "./sent-marks.ts";

const LOOK_EVERY_MS = 1_000;
/** Younger ones are on their way with the instance that stored them. */
const LEFT_BEHIND_AFTER_MS = 3_000;
const PAGE = 500;

/** Sends what is stored in users' journals, and what others left behind: a stored event is never a lost one (B41). */
export class Pusher {
  readonly #push: PushToUser;
  readonly #journal: Journal;
  readonly #marks: SentMarks;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  /** Rows of entries that were stored and not handed over yet. */
  readonly #stored = new Map<string, JournalRow[]>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(push: PushToUser, journal: Journal, marks: SentMarks, log: Log, relayIsLive: () => boolean) {
    this.#push = push;
    this.#journal = journal;
    this.#marks = marks;
    this.#log = log;
    this.#timer = setInterval(() => {
      if (relayIsLive()) void this.#pushLeftBehind();
    }, LOOK_EVERY_MS);
  }

  stored(rows: readonly JournalRow[]): void {
    for (const row of rows) {
      const known = this.#stored.get(row.msgId);
      if (known === undefined) this.#stored.set(row.msgId, [row]);
      else known.push(row);
    }
  }

  /** To everyone it is for. An entry that is not stored, which only a defect sends, has no sequence. */
  send(entry: JournalEntry): void {
    const stored = this.#stored.get(entry.id);
    this.#stored.delete(entry.id);
    const rows = stored ?? entry.rows.map((row) => ({ ...row, msgId: entry.id, seq: 0 }));
    for (const row of rows) this.#sendOne(row);
  }

  /** For what no journal has. Never rejects. */
  tell(event: UserEvent): void {
    this.#sendOne(event);
  }

  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Called one after the other without waiting: one connection keeps their order. */
  #sendOne(event: UserEvent): void {
    const pushing = this.#push(event).then(
      (pushed) => (pushed === "buffered" ? this.#marks.buffered(event) : this.#marks.sent([event])),
      // It stays unsent in the journal, and is found there.
      (error: unknown) => this.#log.debug("not pushed", { id: event.msgId, reason: reasonOf(error) }),
    );
    this.#underWay.add(pushing);
    void pushing.finally(() => this.#underWay.delete(pushing));
  }

  async #pushLeftBehind(): Promise<void> {
    try {
      const rows = await this.#journal.leftBehind(LEFT_BEHIND_AFTER_MS, PAGE);
      const found = rows.filter(({ seq }) => !this.#marks.has(seq));
      for (const row of found) this.#sendOne(row);
      if (found.length > 0) this.#log.info("pushing what was left behind", { events: found.length });
    } catch {
      // The store is away; readiness says so, and the next look comes in a second.
    }
  }
}
