import { chatBounds, chatChecks, chatExplain, chatParams, chatTiming, chatters } from "./model/chat.ts";
import { defineScenario } from "./model/scenario.ts";

/** Nobody is hurt here, and too little is said to measure a percentile: the way is on trial, not the speed. */
const BESIDE = ["recovery-time", "delivery-p99", "send-queue-depth"];

/**
 * C50: the same small chat through whatever stands in front: directly, through nginx or HAProxy set up well, and through
 * each of their known mistakes. A good way gives what the direct one gives; a bad one is named by the status with which
 * handshakes are refused. Native, since k6 does not tell that status.
 */
export default defineScenario({
  name: "proxy-matrix",
  summary: "a small chat through the whole way in: does everybody get in, and does everything arrive?",
  requirement: ["C50"],
  params: { ...chatParams, clients: 12, roomSize: 4, rampMs: 1_000, holdMs: 9_000, publishEveryMs: 500 },
  explain: {
    ...chatExplain,
    clients: "users, each with one connection, through the balancer if there is one",
  },
  bounds: chatBounds,
  checks: ["handshakes", ...chatChecks.filter((check) => !BESIDE.includes(check))],
  timing: chatTiming,
  roles: (params) => ({ chatter: { ...chatters(params), engine: "native" } }),
});
