import { type BackoffName, backoffs } from "./model/backoff.ts";
import { chat } from "./model/chat.ts";
import { defineScenario } from "./model/scenario.ts";

/** The baseline that the storm is compared with. */
const BASELINE_MS = 5_000;
/** How long the killed instance stays away. */
const DOWN_MS = 2_000;

/** C7: one instance dies under steady traffic and its users come back, all of them, to whoever is left. */
export default defineScenario({
  name: "reconnect-storm",
  summary: "one instance is killed under steady chat; its users must come back spread out, and lose nothing",
  requirement: ["C7", "C9"],
  params: {
    clients: 150,
    roomSize: 10,
    rampMs: 5_000,
    holdMs: 31_000,
    publishEveryMs: 2_000,
    bodyBytes: 200,
    reconnect: "full-jitter",
    drainMs: 2_000,
    sendDestination: "/app/chat.send/room-{room}",
    subscribeDestination: "/topic/room.room-{room}",
  },
  explain: {
    clients: "users, each with one connection, dealt out evenly over the instances; a third of them storm",
    roomSize: "users in a room; each message goes to all of them",
    rampMs: "time in which the users arrive, evenly",
    holdMs: "time for which they publish; the instance dies after the first 7 s of it",
    publishEveryMs: "distance of one user's messages; each user has a phase of its own",
    bodyBytes: "length of a message's text",
    reconnect: "what a user does after a lost connection: this is what the scenario is about",
    drainMs: "time at the end in which nobody publishes and what is in flight can arrive",
    sendDestination: "where a message is sent; {room} is the room's number",
    subscribeDestination: "where a message arrives; {room} is the room's number",
  },
  bounds: {
    clients: [1, 15_000],
    roomSize: [1, 1_000],
    rampMs: [0, 600_000],
    // The kill, the 8 s over which full jitter spreads, one more attempt, and a look at the healed system.
    holdMs: [20_000, 3_600_000],
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
    "reconnect-spread",
    "recovery-time",
  ],
  faults({ rampMs }) {
    const fromMs = warmUpMs(rampMs) + BASELINE_MS;
    return [`kill@${fromMs}ms..${fromMs + DOWN_MS}ms:server-any`];
  },
  timing: ({ rampMs, holdMs, drainMs }) => ({
    warmUpMs: warmUpMs(rampMs),
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

/** The last arrivals and the first messages of everybody are not yet the steady state. */
function warmUpMs(rampMs: number): number {
  return rampMs + 2_000;
}
