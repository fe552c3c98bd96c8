/** Every destination this server knows; anything else is refused with ERROR, not silence (A36). */
export type Subscribable =
  | { readonly kind: "room"; readonly room: string }
  | { readonly kind: "server-events" }
  | { readonly kind: "announcements" }
  | { readonly kind: "user-queue"; readonly queue: string };

export const SERVER_EVENTS = "/topic/server.events";
export const ANNOUNCEMENTS = "/topic/announcements";
export const REPLY_QUEUE = "/user/queue/reply";

/** Rooms and queues are named by letters, digits, `_`, `-` and `.`; 64 characters are plenty. */
const NAME = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}";
const roomTopicPattern = new RegExp(`^/topic/room\\.(${NAME})$`);
const userQueuePattern = new RegExp(`^/user/queue/(${NAME})$`);
const roomPattern = new RegExp(`^${NAME}$`);

export function roomTopic(room: string): string {
  return `/topic/room.${room}`;
}

export function isRoomName(text: string): boolean {
  return roomPattern.test(text);
}

/** What a client may ask to subscribe to; undefined where there is no such destination. */
export function parseSubscribable(destination: string): Subscribable | undefined {
  const room = roomTopicPattern.exec(destination)?.[1];
  if (room !== undefined) return { kind: "room", room };
  if (destination === SERVER_EVENTS) return { kind: "server-events" };
  if (destination === ANNOUNCEMENTS) return { kind: "announcements" };
  const queue = userQueuePattern.exec(destination)?.[1];
  return queue === undefined ? undefined : { kind: "user-queue", queue };
}

/** `/user/queue/x` of one session, as the broker knows it (A38). Clients can never name it themselves (A32). */
export function sessionQueue(destination: string, sessionId: string): string {
  return `${destination.slice("/user".length)}-user${sessionId}`;
}
