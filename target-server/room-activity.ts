import { roomOfTopic } from "./destinations.ts";

/** An hour in slices of a minute: "messages per room per hour" (D55). */
const SLICES = 60;
const SLICE_MS = 60_000;
/** Rooms counted at the same time; the one that was silent longest is forgotten first. */
const ROOMS_MAX = 10_000;

/** How much was said where in the last hour. Memory is bounded by rooms, not by messages. */
export class RoomActivity {
  readonly #now: () => number;
  /** In the order of their last message. Per room: counts of its slices, and which slice was last written. */
  readonly #rooms = new Map<string, { readonly counts: Uint32Array; slice: number }>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  add(room: string): void {
    const slice = Math.floor(this.#now() / SLICE_MS);
    const known = this.#rooms.get(room) ?? { counts: new Uint32Array(SLICES), slice };
    forget(known, slice);
    known.counts[slice % SLICES]! += 1;
    this.#rooms.delete(room);
    this.#rooms.set(room, known);
    if (this.#rooms.size > ROOMS_MAX) this.#rooms.delete(this.#rooms.keys().next().value!);
  }

  /** The busiest first. A few, because every label value is a series of its own. */
  busiest(limit: number): readonly { readonly room: string; readonly messages: number }[] {
    const slice = Math.floor(this.#now() / SLICE_MS);
    const rooms: { room: string; messages: number }[] = [];
    for (const [room, known] of this.#rooms) {
      forget(known, slice);
      const messages = known.counts.reduce((sum, count) => sum + count, 0);
      if (messages > 0) rooms.push({ room, messages });
      else this.#rooms.delete(room);
    }
    return rooms.sort((a, b) => b.messages - a.messages).slice(0, limit);
  }
}

/** Empties the slices that lie between the last one written and now. */
function forget(known: { readonly counts: Uint32Array; slice: number }, slice: number): void {
  const passed = Math.min(SLICES, slice - known.slice);
  for (let n = 1; n <= passed; n++) known.counts[(known.slice + n) % SLICES] = 0;
  known.slice = Math.max(known.slice, slice);
}

type Audiences = Iterable<{ readonly destination: string; readonly subscriptions: number }>;

export function sumOf(audiences: Audiences): number {
  let sum = 0;
  for (const { subscriptions } of audiences) sum += subscriptions;
  return sum;
}

/** Of the rooms, whose names are few and no secrets; queues of users are neither. */
export function fullestRooms(audiences: Audiences, limit: number) {
  const rooms: { readonly room: string; readonly subscriptions: number }[] = [];
  for (const { destination, subscriptions } of audiences) {
    const room = roomOfTopic(destination);
    if (room !== undefined) rooms.push({ room, subscriptions });
  }
  return rooms.sort((a, b) => b.subscriptions - a.subscriptions).slice(0, limit);
}
