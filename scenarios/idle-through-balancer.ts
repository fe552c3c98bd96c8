import { type BackoffName, backoffs } from "./model/backoff.ts";
import { inRoom, roomOf } from "./model/room.ts";
import { defineScenario, type Role } from "./model/scenario.ts";
import type { Session } from "./model/session.ts";

/** 0: no heart-beats in that direction. */
type Beat = Parameters<Session["connect"]>[0];

const params = {
  beatingClients: 20,
  silentClients: 10,
  clientBeatsClients: 10,
  serverBeatsClients: 10,
  rampMs: 2_000,
  idleTimeoutMs: 60_000,
  idleTimeouts: 3,
  roomSize: 10,
  reconnect: "full-jitter",
  drainMs: 1_000,
  subscribeDestination: "/topic/room.room-{room}",
};
type Idle = typeof params;

/** Ten times quicker than production: 6 s stand for the 60 s of an ALB or an nginx that nobody has set. */
const TIME_SCALE = 0.1;
/** The last ones to come are quiet for as long as the first ones. */
const SPARE_MS = 2_000;

/**
 * C16: clients join a room and then nobody says a word. Whoever beats must outlive any balancer with a time-out above the
 * beat; whoever does not, only one with a long time-out, so these are the ones by which a short one is found. The
 * servers send no pings here: those would keep every connection awake and hide what the path does to it.
 */
export default defineScenario({
  name: "idle-through-balancer",
  summary:
    "quiet clients behind a balancer, with heart-beats and without, outlive three idle time-outs of 60 s",
  requirement: ["C16"],
  balancer: "round-robin",
  timeScale: TIME_SCALE,
  params,
  explain: {
    beatingClients: "quiet users with heart-beats both ways",
    silentClients: "quiet users without any heart-beat",
    clientBeatsClients: "quiet users whose heart-beats only the client sends",
    serverBeatsClients: "quiet users whose heart-beats only the server sends",
    rampMs: "time in which the users arrive, evenly",
    idleTimeoutMs: "the idle time-out that they must outlive, in production's time: the time scale applies",
    idleTimeouts: "how many of them, one after the other",
    roomSize: "users in a room, in which nobody speaks",
    reconnect: "what a user does after a lost connection",
    drainMs: "time at the end for everybody to leave",
    subscribeDestination: "what they listen to; {room} is the room's number",
  },
  bounds: {
    beatingClients: [0, 5_000],
    silentClients: [0, 5_000],
    clientBeatsClients: [0, 5_000],
    serverBeatsClients: [0, 5_000],
    rampMs: [0, 600_000],
    idleTimeoutMs: [1_000, 3_600_000],
    idleTimeouts: [1, 100],
    roomSize: [1, 1_000],
    reconnect: Object.keys(backoffs),
    drainMs: [500, 60_000],
  },
  checks: ["generator-valid", "close-codes"],
  reference: () => ({ PINGS: "false" }),
  timing({ rampMs, idleTimeoutMs, idleTimeouts, drainMs }, timeScale = TIME_SCALE) {
    const quietMs = Math.round(idleTimeoutMs * timeScale) * idleTimeouts;
    const publishUntilMs = rampMs + quietMs + SPARE_MS;
    return { warmUpMs: rampMs, publishUntilMs, endMs: publishUntilMs + drainMs };
  },
  roles: (given) => ({
    beating: quiet(given, given.beatingClients, {}),
    silent: quiet(given, given.silentClients, { beat: [0, 0] }),
    // 1 ms: as often as the server wants to hear it, or sends it.
    "client-beats": quiet(given, given.clientBeatsClients, { beat: [1, 0] }),
    "server-beats": quiet(given, given.serverBeatsClients, { beat: [0, 1] }),
  }),
});

function quiet(given: Idle, clients: number, beat: Beat): Role {
  return {
    load: { kind: "ramp", clients, overMs: given.rampMs },
    reconnect: given.reconnect as BackoffName,
    async session(stomp) {
      await stomp.connect(beat);
      await stomp.subscribe(inRoom(given.subscribeDestination, roomOf(stomp.client.number, given.roomSize)));
      await stomp.stay();
      await stomp.disconnect();
    },
  };
}
