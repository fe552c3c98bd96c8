import { type BackoffName, backoffs } from "./backoff.ts";
import { inRoom, roomOf } from "./room.ts";
import type { Role, Timing } from "./scenario.ts";
import type { Session } from "./session.ts";

/**
 * Users who arrive evenly, join rooms that span all instances, and talk at a steady rate: the traffic that most
 * scenarios disturb. A scenario spreads these into its own and changes what it is about.
 */
export const chatParams = {
  clients: 60,
  roomSize: 10,
  rampMs: 6_000,
  holdMs: 30_000,
  publishEveryMs: 1_000,
  bodyBytes: 200,
  reconnect: "full-jitter",
  drainMs: 2_000,
  sendDestination: "/app/chat.send/room-{room}",
  subscribeDestination: "/topic/room.room-{room}",
};

export const chatExplain: Record<keyof typeof chatParams, string> = {
  clients: "users, each with one connection, dealt out evenly over the instances",
  roomSize: "users in a room; each message goes to all of them",
  rampMs: "time in which the users arrive, evenly",
  holdMs: "time for which all of them are there and publish",
  publishEveryMs: "distance of one user's messages; each user has a phase of its own",
  bodyBytes: "length of a message's text",
  reconnect: "what a user does after a lost connection",
  drainMs: "time at the end in which nobody publishes and what is in flight can arrive",
  sendDestination: "where a message is sent; {room} is the room's number",
  subscribeDestination: "where a message arrives; {room} is the room's number",
};

export const chatBounds: Partial<
  Record<keyof typeof chatParams, readonly [number, number] | readonly string[]>
> = {
  clients: [1, 15_000],
  roomSize: [1, 1_000],
  rampMs: [0, 600_000],
  holdMs: [1_000, 3_600_000],
  publishEveryMs: [10, 600_000],
  bodyBytes: [64, 60_000],
  reconnect: Object.keys(backoffs),
  drainMs: [500, 60_000],
};

/** What every chat is judged by, whatever disturbs it. */
export const chatChecks: readonly string[] = [
  "generator-valid",
  "delivery-p99",
  "send-queue-depth",
  "close-codes",
  "no-lost-message",
  "no-duplicate",
  "no-misdelivery",
  "room-order",
  "no-phantom",
  "recovery-time",
];

/** The last arrivals and the first messages of everybody are not yet the steady state. */
export function chatWarmUpMs(rampMs: number): number {
  return rampMs + 2_000;
}

export function chatTiming({ rampMs, holdMs, drainMs }: Pick<Chat, "rampMs" | "holdMs" | "drainMs">): Timing {
  return {
    warmUpMs: chatWarmUpMs(rampMs),
    publishUntilMs: rampMs + holdMs,
    endMs: rampMs + holdMs + drainMs,
  };
}

export type Chat = typeof chatParams;

/** `thinkBeforeMs`: between the SUBSCRIBE and the first message. */
export function chatters(params: Chat, thinkBeforeMs = 0): Role {
  return {
    load: { kind: "ramp", clients: params.clients, overMs: params.rampMs },
    reconnect: params.reconnect as BackoffName,
    session: (stomp) => chat(stomp, params, thinkBeforeMs),
  };
}

/** What a chatting user does with one connection: joins the room, talks on schedule, listens to the end, leaves. */
async function chat(stomp: Session, params: Chat, thinkBeforeMs: number): Promise<void> {
  const room = roomOf(stomp.client.number, params.roomSize);
  await stomp.connect();
  await stomp.subscribe(inRoom(params.subscribeDestination, room));
  if (thinkBeforeMs > 0) await stomp.wait(thinkBeforeMs);
  await stomp.publish({
    destination: inRoom(params.sendDestination, room),
    everyMs: params.publishEveryMs,
    bytes: params.bodyBytes,
    receipt: true,
  });
  await stomp.stay();
  await stomp.disconnect();
}
