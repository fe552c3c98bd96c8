import type { BalancerDefect } from "../defect.ts";

/** Both an ALB and nginx close after 60 s when nobody says otherwise (F1, F2). */
const defect: BalancerDefect = {
  name: "lb-idle-timeout-60s",
  summary: "the balancer closes every connection in which nothing moved for 60 s",
  requirement: ["B1"],
  wave: 1,
  inProduction:
    "Users of quiet rooms lose their connection about a minute after the last message, always without a close frame (1006), and nobody who is busy is ever hit.",
  remedy:
    "Raise the idle time-out of every proxy on the way to an hour (idle_timeout.timeout_seconds = 3600; proxy_read_timeout and proxy_send_timeout 3600s; timeout tunnel 1h), and let heart-beats of 25 s or less flow in any case.",
  signs: [
    { fact: "close-codes", weight: 3 },
    { fact: "feature:closes-at-fixed-silence", weight: 4 },
    { fact: "feature:fixed-silence-spares-some", weight: 3 },
    { fact: "feature:balancer-in-path", weight: 1 },
  ],
  caughtBy: { scenario: "idle-through-balancer", check: "close-codes" },
  apply: (healthy) => ({ ...healthy, idleTimeoutMs: 60_000 }),
};
export default defect;
