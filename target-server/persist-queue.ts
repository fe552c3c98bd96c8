import type { ChatMessage } from "./message.ts";
import type { Persisted } from "./policies.ts";
import type { Inserted } from "./store.ts";

/** Group commit: at most this many messages share one transaction (A82). */
const BATCH_MAX = 100;
/** A message that waited this long is refused untried: its sender should hear of it, not wait for a slow store. */
const WAIT_MAX_MS = 2_000;

/** What can be stored: one lane per room (or user) keeps its order. */
export interface Storable {
  readonly id: string;
  readonly roomId: string;
}

interface Waiting<M> {
  readonly message: M;
  readonly sinceMs: number;
  readonly settle: (persisted: Persisted) => void;
}

export interface PersistOptions<M extends Storable = ChatMessage> {
  readonly lanes: number;
  /** Over all lanes (A72). Beyond it a message is refused at once (A74: reject). */
  readonly capacity: number;
  /** What has the same lane is stored one after the other. Where it is absent: a room's messages. */
  lane?(message: M): string;
  insert(batch: readonly M[]): Promise<Inserted>;
  /** Seconds that a message waited, and that its transaction took. */
  observe(stage: "queue" | "db", seconds: number): void;
  now?(): number;
}

/**
 * The bounded way to the store. A room has, unless the ordering says otherwise, one lane and a lane one transaction at a time, so messages of a room are
 * committed, and settled, in the order they came (I9). What comes in meanwhile shares the next transaction.
 */
export class PersistQueue<M extends Storable = ChatMessage> {
  readonly #options: PersistOptions<M>;
  readonly #lanes: Waiting<M>[][];
  readonly #busy: boolean[];
  readonly #now: () => number;
  #unsettled = 0;
  #whenIdle: (() => void)[] = [];

  constructor(options: PersistOptions<M>) {
    this.#options = options;
    this.#lanes = Array.from({ length: options.lanes }, () => []);
    this.#busy = Array.from({ length: options.lanes }, () => false);
    this.#now = options.now ?? (() => performance.now());
  }

  /** Never rejects, and always settles: every step behind it has a deadline. */
  add(message: M): Promise<Persisted> {
    if (this.#unsettled >= this.#options.capacity) {
      return Promise.resolve({ how: "rejected", reason: "too many messages are waiting to be stored" });
    }
    this.#unsettled += 1;
    const lane = laneOf(this.#options.lane?.(message) ?? message.roomId, this.#lanes.length);
    return new Promise((settle) => {
      this.#lanes[lane]!.push({ message, sinceMs: this.#now(), settle });
      if (this.#busy[lane]) return;
      // What comes in the same read shares its transaction, and so falls due for the clients in one tick.
      this.#busy[lane] = true;
      setImmediate(() => void this.#work(lane));
    });
  }

  /** Messages that wait or are being stored. */
  get depth(): number {
    return this.#unsettled;
  }

  async idle(): Promise<void> {
    if (this.#unsettled > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  async #work(lane: number): Promise<void> {
    const waiting = this.#lanes[lane]!;
    while (waiting.length > 0) {
      const startMs = this.#now();
      const batch: Waiting<M>[] = [];
      for (const entry of waiting.splice(0, BATCH_MAX)) {
        this.#options.observe("queue", (startMs - entry.sinceMs) / 1_000);
        if (startMs - entry.sinceMs <= WAIT_MAX_MS) batch.push(entry);
        else this.#settle(entry, { how: "rejected", reason: "the store is too slow" });
      }
      if (batch.length === 0) continue;
      const inserted = await this.#options.insert(batch.map((entry) => entry.message));
      this.#options.observe("db", (this.#now() - startMs) / 1_000);
      for (const entry of batch) this.#settle(entry, outcome(entry.message, inserted));
    }
    this.#busy[lane] = false;
  }

  #settle(entry: Waiting<M>, persisted: Persisted): void {
    this.#unsettled -= 1;
    entry.settle(persisted);
    if (this.#unsettled > 0) return;
    for (const resolve of this.#whenIdle) resolve();
    this.#whenIdle = [];
  }
}

function outcome(message: Storable, inserted: Inserted): Persisted {
  switch (inserted.how) {
    case "inserted":
      return { how: inserted.ids.has(message.id) ? "stored" : "duplicate" };
    case "failed":
      return { how: "rejected", reason: `not stored: ${inserted.reason}` };
    case "unknown":
      return { how: "unknown", reason: `perhaps not stored: ${inserted.reason}` };
  }
}

function laneOf(name: string, lanes: number): number {
  let hash = 0;
  for (let n = 0; n < name.length; n++) hash = (Math.imul(hash, 31) + name.charCodeAt(n)) >>> 0;
  return hash % lanes;
}
