/** Every destination this server knows; anything else is refused with ERROR, not silence (A36). */
export type Subscribable =
  | { readonly kind: "room"; readonly room: string }
  | { readonly kind: "server-events" }
  | { readonly kind: "announcements" }
  /** Who types and who is there, beside the room's messages (A43, A117). */
  | { readonly kind: "room-typing" | "room-presence"; readonly room: string }
  /** A segment of users (A45). */
  | { readonly kind: "tier"; readonly tier: string }
  /** Answered once, to who asks (A39). */
  | { readonly kind: "history"; readonly room: string }
  | { readonly kind: "user-queue"; readonly queue: string };

export const SERVER_EVENTS = "/topic/server.events";
export const ANNOUNCEMENTS = "/topic/announcements";
export const REPLY_QUEUE = "/user/queue/reply";

/** Rooms and queues are named by letters, digits, `_`, `-` and `.`; 64 characters are plenty. */
const NAME = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}";
const sideTopicPattern = new RegExp(`^/topic/room\\.(${NAME})\\.(typing|presence)$`);
const tierPattern = new RegExp(`^/topic/tier\\.(${NAME})$`);
const historyPattern = new RegExp(`^/app/chat\\.history/(${NAME})$`);
/** Else the room `a.typing` would have the topic on which the room `a` tells who types. */
const sideName = /\.(typing|presence)$/;
const roomTopicPattern = new RegExp(`^/topic/room\\.(${NAME})$`);
const userQueuePattern = new RegExp(`^/user/queue/(${NAME})$`);
const roomPattern = new RegExp(`^${NAME}$`);

const ROOM_TOPIC = "/topic/room.";

export function roomTopic(room: string): string {
  return `${ROOM_TOPIC}${room}`;
}

/** The room that a topic belongs to; undefined where it is no room's. */
export function roomOfTopic(destination: string): string | undefined {
  if (!destination.startsWith(ROOM_TOPIC) || sideName.test(destination)) return undefined;
  return destination.slice(ROOM_TOPIC.length);
}

export function isRoomName(text: string): boolean {
  return roomPattern.test(text) && !sideName.test(text);
}

/** What a client may ask to subscribe to; undefined where there is no such destination. */
export function parseSubscribable(destination: string): Subscribable | undefined {
  const side = sideTopicPattern.exec(destination);
  if (side !== null) return { kind: side[2] === "typing" ? "room-typing" : "room-presence", room: side[1]! };
  const room = roomTopicPattern.exec(destination)?.[1];
  if (room !== undefined) return { kind: "room", room };
  if (destination === SERVER_EVENTS) return { kind: "server-events" };
  if (destination === ANNOUNCEMENTS) return { kind: "announcements" };
  const tier = tierPattern.exec(destination)?.[1];
  if (tier !== undefined) return { kind: "tier", tier };
  const past = historyPattern.exec(destination)?.[1];
  if (past !== undefined && isRoomName(past)) return { kind: "history", room: past };
  const queue = userQueuePattern.exec(destination)?.[1];
  return queue === undefined ? undefined : { kind: "user-queue", queue };
}

export function typingTopic(room: string): string {
  return `${ROOM_TOPIC}${room}.typing`;
}

/** Where the server itself may publish by `POST /internal/push/topic` (A45, A101). */
export function isEventTopic(destination: string): boolean {
  return destination === ANNOUNCEMENTS || tierPattern.test(destination);
}

/** `/queue/x`, as in `/user/queue/x`. */
export function isUserQueue(queue: string): boolean {
  return userQueuePattern.test(`/user${queue}`);
}

/** `/user/queue/x` of one session, as the broker knows it (A38). Clients can never name it themselves (A32). */
export function sessionQueue(destination: string, sessionId: string): string {
  return `${destination.slice("/user".length)}-user${sessionId}`;
}
