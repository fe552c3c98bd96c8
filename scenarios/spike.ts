import type { BackoffName } from "./model/backoff.ts";
import {
  chatBounds,
  chatChecks,
  chatExplain,
  chatParams,
  chatTiming,
  chatters,
  chatWarmUpMs,
} from "./model/chat.ts";
import { inRoom, roomOf } from "./model/room.ts";
import { defineScenario, type SessionRole } from "./model/scenario.ts";

/** The steady state that the spike is compared with. */
const BASELINE_MS = 5_000;

const params = {
  ...chatParams,
  clients: 30,
  rampMs: 3_000,
  holdMs: 35_000,
  publishEveryMs: 2_000,
  crowd: 120,
  crowdOverMs: 3_000,
  crowdStaysMs: 15_000,
};
type Spike = typeof params;

/**
 * C4: five times as many users within seconds, for a while, and gone again. The seed's 100, 500 and 60 s are 30, 150
 * and 15 s here; the ratio and the suddenness are what carries a defect.
 */
export default defineScenario({
  name: "spike",
  summary:
    "five times as many users arrive within seconds, chat for a while, and leave; nobody else should notice",
  requirement: ["C4"],
  params,
  explain: {
    ...chatExplain,
    clients:
      "users who are there all the time, each with one connection, dealt out evenly over the instances",
    crowd: "users who come besides, in rooms of their own",
    crowdOverMs: "time in which all of the crowd arrive",
    crowdStaysMs: "how long each of the crowd stays",
  },
  bounds: {
    ...chatBounds,
    crowd: [1, 15_000],
    crowdOverMs: [100, 600_000],
    crowdStaysMs: [3_000, 3_600_000],
  },
  checks: [...chatChecks, "connects"],
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), crowd: crowd(given) }),
});

function crowd(given: Spike): SessionRole {
  const { clients, roomSize, subscribeDestination, sendDestination } = given;
  const fromMs = chatWarmUpMs(given.rampMs) + BASELINE_MS;
  return {
    load: { kind: "ramp", clients: given.crowd, overMs: given.crowdOverMs, fromMs },
    reconnect: given.reconnect as BackoffName,
    async session(stomp) {
      // The crowd's numbers follow the others'; the last room of those may not be full.
      const room = roomOf(stomp.client.number - clients, roomSize) + roomOf(clients + roomSize - 1, roomSize);
      await stomp.connect();
      await stomp.subscribe(inRoom(subscribeDestination, room));
      void stomp.publish({
        destination: inRoom(sendDestination, room),
        everyMs: given.publishEveryMs,
        bytes: given.bodyBytes,
        receipt: true,
      });
      await stomp.wait(given.crowdStaysMs);
      await stomp.disconnect();
    },
  };
}
