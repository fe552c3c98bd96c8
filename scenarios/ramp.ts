import { type BackoffName, backoffs } from "./model/backoff.ts";
import { chat } from "./model/chat.ts";
import { defineScenario } from "./model/scenario.ts";

/** C2: users arrive evenly, join rooms that span all instances, and chat until the end. */
export default defineScenario({
  name: "ramp",
  summary: "users arrive evenly over a few seconds, then chat in rooms at a steady rate",
  requirement: ["C2"],
  params: {
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
  },
  explain: {
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
  },
  bounds: {
    clients: [1, 15_000],
    roomSize: [1, 1_000],
    rampMs: [0, 600_000],
    holdMs: [1_000, 3_600_000],
    publishEveryMs: [10, 600_000],
    bodyBytes: [64, 60_000],
    reconnect: Object.keys(backoffs),
    drainMs: [500, 60_000],
  },
  checks: [
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
  ],
  timing: ({ rampMs, holdMs, drainMs }) => ({
    // The last arrivals and the first messages of everybody are not yet the steady state.
    warmUpMs: rampMs + 2_000,
    publishUntilMs: rampMs + holdMs,
    endMs: rampMs + holdMs + drainMs,
  }),
  roles: (params) => ({
    chatter: {
      load: { kind: "ramp", clients: params.clients, overMs: params.rampMs },
      reconnect: params.reconnect as BackoffName,
      session: (stomp) => chat(stomp, params),
    },
  }),
});
