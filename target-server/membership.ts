import type { SendOutcome } from "./app/application.ts";

/** Who is in which room, as far as this instance has asked lately. */
export interface Membership {
  /**
   * At once where it is known, else after a look at Postgres.
   * @throws when that cannot be had: then nobody can say.
   */
  isMember(user: string, room: string): boolean | Promise<boolean>;
}

/** Every user is in every room (`ROOM_ACCESS=open`). */
export const openRooms: Membership = { isMember: () => true };

const KNOWN_MAX = 100_000;

interface Known {
  readonly member: boolean;
  readonly untilMs: number;
}

/** By the table `room_members` (`ROOM_ACCESS=members`). An answer is good for `staleMs`: as long a leaver may stay. */
export class RoomMembers implements Membership {
  readonly #lookUp: (user: string, room: string) => Promise<boolean>;
  readonly #staleMs: number;
  readonly #known = new Map<string, Known>();
  /** Two who ask at once get one answer, in the order in which they asked: else SENDs of one client change places. */
  readonly #asking = new Map<string, Promise<boolean>>();

  constructor(staleMs: number, lookUp: (user: string, room: string) => Promise<boolean>) {
    this.#staleMs = staleMs;
    this.#lookUp = lookUp;
  }

  isMember(user: string, room: string): boolean | Promise<boolean> {
    // Neither names contain a slash.
    const key = `${user}/${room}`;
    const known = this.#known.get(key);
    if (known !== undefined && performance.now() < known.untilMs) return known.member;
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      asking = this.#ask(key, user, room).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  async #ask(key: string, user: string, room: string): Promise<boolean> {
    const member = await this.#lookUp(user, room);
    // The oldest answer makes room; a Map keeps the order of its first insertions.
    this.#known.delete(key);
    if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, { member, untilMs: performance.now() + this.#staleMs });
    return member;
  }
}

/** The answer to a SEND into a room; undefined: it may. */
export async function whyNot(may: boolean | Promise<boolean>): Promise<SendOutcome | undefined> {
  try {
    return (await may) ? undefined : { how: "forbidden", reason: "not allowed to send here" };
  } catch {
    return { how: "rejected", reason: "who belongs to this room cannot be looked up now" };
  }
}
