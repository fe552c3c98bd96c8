import type { Envelope } from "../envelope.ts";

/** One message of a room, as it is replayed. */
export interface Logged {
  readonly seq: number;
  readonly msgId: string;
  readonly serverId: string;
  /** The DTO, as JSON text. */
  readonly payload: string;
}

export function toLogged({ seq, msgId, originServerId, payload }: Envelope): Logged {
  return { seq, msgId, serverId: originServerId, payload };
}

/** Of all rooms together. A message counts by the characters of its payload. */
export interface RoomLogCapacity {
  readonly messages: number;
  readonly characters: number;
}

interface Room {
  /** In the order of the relay; those before `first` are gone. */
  items: (Logged | undefined)[];
  first: number;
}

/**
 * The last messages of all rooms, as this instance heard them: what the relay's log in Redis has, indexed by room, so
 * that a storm of clients that come back costs neither Redis nor Postgres a question. A cache: whatever it does not
 * have for certain, the store is asked for.
 */
export class RoomLog {
  readonly #capacity: RoomLogCapacity;
  readonly #rooms = new Map<string, Room>();
  /** Whose message came when: the oldest one goes first. A ring. */
  readonly #order: string[] = [];
  #oldest = 0;
  #count = 0;
  #characters = 0;

  constructor(capacity: RoomLogCapacity) {
    this.#capacity = capacity;
  }

  add(roomId: string, message: Logged): void {
    const { messages, characters } = this.#capacity;
    this.#characters += message.payload.length;
    while (this.#count === messages || (this.#characters > characters && this.#count > 0)) this.#dropOldest();
    this.#order[(this.#oldest + this.#count) % messages] = roomId;
    this.#count += 1;
    let room = this.#rooms.get(roomId);
    if (room === undefined) {
      room = { items: [], first: 0 };
      this.#rooms.set(roomId, room);
    }
    room.items.push(message);
  }

  /** After a break that nothing closed: nobody may believe that this is complete. */
  clear(): void {
    this.#rooms.clear();
    this.#order.length = 0;
    this.#oldest = 0;
    this.#count = 0;
    this.#characters = 0;
  }

  /** What it holds now. */
  get size(): RoomLogCapacity {
    return { messages: this.#count, characters: this.#characters };
  }

  /** At most `limit` of the messages after `seq`, the oldest first, whether or not there were more. */
  known(roomId: string, seq: number, limit = Number.POSITIVE_INFINITY): Logged[] {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return [];
    const from = firstAfter(room, seq);
    return room.items.slice(from, Math.min(room.items.length, from + limit)) as Logged[];
  }

  /** Undefined where some of the messages after `seq` may be missing here. */
  complete(roomId: string, seq: number): Logged[] | undefined {
    const newest = this.newest(roomId);
    if (newest === undefined) return undefined;
    const after = this.known(roomId, seq);
    return after.length === Math.max(0, newest - seq) ? after : undefined;
  }

  /** The last `count`, or all there ever were; undefined where this is not certain. */
  last(roomId: string, count: number): Logged[] | undefined {
    const newest = this.newest(roomId);
    return newest === undefined ? undefined : this.complete(roomId, Math.max(0, newest - count));
  }

  newest(roomId: string): number | undefined {
    return this.#rooms.get(roomId)?.items.at(-1)?.seq;
  }

  #dropOldest(): void {
    const roomId = this.#order[this.#oldest]!;
    this.#oldest = (this.#oldest + 1) % this.#capacity.messages;
    this.#count -= 1;
    const room = this.#rooms.get(roomId)!;
    this.#characters -= room.items[room.first]!.payload.length;
    room.items[room.first] = undefined;
    room.first += 1;
    if (room.first === room.items.length) {
      this.#rooms.delete(roomId);
    } else if (room.first > 256 && room.first * 2 > room.items.length) {
      room.items = room.items.slice(room.first);
      room.first = 0;
    }
  }
}

/** Sequences only rise. */
function firstAfter(room: Room, seq: number): number {
  let low = room.first;
  let high = room.items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (room.items[middle]!.seq > seq) high = middle;
    else low = middle + 1;
  }
  return low;
}
