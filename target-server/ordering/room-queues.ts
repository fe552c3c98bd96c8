export interface RoomQueueOptions {
  /** Over all rooms; beyond it nothing more is taken. */
  readonly capacity: number;
  /** Is the queue of a room forgotten once it is empty? (B71) */
  readonly forgetsIdle: () => boolean;
}

/** One queue for each room in which something happens: what is in it is done one after the other (A105). */
export class RoomQueues {
  readonly #options: RoomQueueOptions;
  /** By room: settles with the last that is in its queue. */
  readonly #tails = new Map<string, Promise<unknown>>();
  #waiting = 0;

  constructor(options: RoomQueueOptions) {
    this.#options = options;
  }

  get full(): boolean {
    return this.#waiting >= this.#options.capacity;
  }

  /** Rooms that have a queue now. */
  get size(): number {
    return this.#tails.size;
  }

  /** Does `work` after everything that came for the room before. */
  async run<T>(room: string, work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const before = this.#tails.get(room);
    // Whoever went before may have failed: that is told to whom it concerns.
    const mine = before === undefined ? work() : before.then(work, work);
    this.#tails.set(room, mine);
    try {
      return await mine;
    } finally {
      this.#waiting -= 1;
      if (this.#tails.get(room) === mine && this.#options.forgetsIdle()) this.#tails.delete(room);
    }
  }
}
