import { RecentMap } from "../recent-map.ts";
import { COUNTER_TTL_S } from "./scripts.ts";

/**
 * Rooms remembered. One is forgotten only after so many others have spoken since, and each of their messages was
 * stored first: by then the store has had the sequence of the forgotten room as well.
 */
const ROOMS_MAX = 50_000;
/** Well before the counter itself runs out. */
const SURE_FOR_MS = (COUNTER_TTL_S * 1_000) / 2;

export interface RoomCounterOptions {
  /** From the store: the highest sequence that the room has had. */
  highestSequence(roomId: string): Promise<number>;
  /** Makes Redis's counter of the room at least this. */
  raise(roomId: string, least: number): Promise<unknown>;
  /** By policy: of what the store has and what this instance heard last (B68). */
  least(stored: number, heard: number): number;
  readonly roomsMax?: number;
  now?(): number;
}

/**
 * Makes sure that a room has its counter in Redis, once per room and connection, and that the counter is at least
 * what the store and this instance know of: Redis may have forgotten everything (A104).
 */
export class RoomCounters {
  readonly #options: RoomCounterOptions;
  /** Just being made sure of. */
  readonly #raising = new Map<string, Promise<void>>();
  /** Rooms whose counter is known to exist on this connection, by when that was made sure of, ms. */
  readonly #sure: RecentMap<string, number>;
  readonly #now: () => number;
  /** By room: the last sequence heard, which the store may not have yet. */
  readonly #heard: RecentMap<string, number>;

  constructor(options: RoomCounterOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#sure = new RecentMap(options.roomsMax ?? ROOMS_MAX);
    this.#heard = new RecentMap(options.roomsMax ?? ROOMS_MAX);
  }

  /** Undefined where it exists for sure. Who asks one after the other goes on in that order. */
  exists(roomId: string): Promise<void> | undefined {
    const sinceMs = this.#sure.get(roomId);
    if (sinceMs !== undefined && this.#now() - sinceMs < SURE_FOR_MS) return undefined;
    let raising = this.#raising.get(roomId);
    if (raising === undefined) {
      raising = this.#raise(roomId);
      this.#raising.set(roomId, raising);
    }
    return raising;
  }

  heard(roomId: string, seq: number): void {
    this.#heard.set(roomId, seq);
  }

  /** Redis said that it has no counter. */
  isGone(roomId: string): void {
    this.#sure.delete(roomId);
  }

  /** A new connection may be to a Redis that forgot everything. */
  connectionLost(): void {
    this.#sure.clear();
  }

  get size(): number {
    return Math.max(this.#sure.size, this.#heard.size) + this.#raising.size;
  }

  async #raise(roomId: string): Promise<void> {
    try {
      const stored = await this.#options.highestSequence(roomId);
      await this.#options.raise(roomId, this.#options.least(stored, this.#heard.get(roomId) ?? 0));
      this.#sure.set(roomId, this.#now());
    } finally {
      this.#raising.delete(roomId);
    }
  }
}
