import type { BalancerDefect } from "../defect.ts";

/** A legal time-out and legal beats that do not fit together: 60 s between, 90 s from one beat to the next. */
const defect: BalancerDefect = {
  name: "heartbeat-slower-than-idle-timeout",
  summary: "heart-beats flow, but further apart than the balancer's idle time-out",
  requirement: ["B3"],
  wave: 2,
  inProduction:
    "Heart-beats are on and agreed, and yet quiet connections end without a close frame a minute after the last message: the next beat would have come too late.",
  remedy: "Let the beats come at least twice within the shortest idle time-out on the way: 25 s for 60 s.",
  signs: [
    { fact: "close-codes", weight: 3 },
    { fact: "feature:closes-at-fixed-silence", weight: 4 },
    { fact: "feature:fixed-silence-spares-some", weight: -4 },
    { fact: "feature:balancer-in-path", weight: 1 },
  ],
  caughtBy: { scenario: "idle-through-balancer", check: "close-codes" },
  apply: (healthy) => ({ ...healthy, idleTimeoutMs: 60_000 }),
  settings: { HEARTBEAT_MS: "90000" },
};
export default defect;
