import type { Examiner, Heard, Peer } from "./examiner.ts";

/** Who is in a room, as the instance `at` says it over REST (A119). Rejects when it does not answer with a list. */
export async function usersIn(examiner: Examiner, room: string, at: number): Promise<readonly string[]> {
  const token = examiner.token({ sub: `exam-asker-${examiner.client.number}` });
  const { status, body } = await examiner.http({
    at,
    path: `/api/rooms/${room}/presence`,
    headers: { authorization: `Bearer ${token}` },
  });
  if (status !== 200) throw new Error(`presence of ${room}: ${status}`);
  return (JSON.parse(body) as { users: string[] }).users;
}

/** A change of a room's presence as its topic tells it (I90). */
export interface PresenceNews {
  readonly joined: readonly string[];
  readonly left: readonly string[];
}

export function presenceTopic(room: string): string {
  return `/topic/room.${room}.presence`;
}

/** What a frame tells of a room's presence; undefined where it is about something else. */
export function newsIn({ command, headers, body }: Heard, room: string): PresenceNews | undefined {
  if (command !== "MESSAGE" || headers.destination !== presenceTopic(room)) return undefined;
  return JSON.parse(body) as PresenceNews;
}

/** How often a user's coming or going was told to this peer. */
export function timesTold(peer: Peer, room: string, what: keyof PresenceNews, user: string): number {
  return peer.frames.filter((heard) => newsIn(heard, room)?.[what].includes(user)).length;
}

/** Waits until it was told. */
export async function isTold(
  peer: Peer,
  room: string,
  what: keyof PresenceNews,
  user: string,
  withinMs: number,
): Promise<boolean> {
  if (timesTold(peer, room, what, user) > 0) return true;
  const tells = (heard: Heard) => newsIn(heard, room)?.[what].includes(user) === true;
  return (await peer.next(tells, withinMs)) !== undefined;
}
