import type { BalancerDefect } from "../defect.ts";

const defect: BalancerDefect = {
  name: "sticky-skew",
  summary: "affinity by cookie brings every client back to its old server, however full that is",
  requirement: ["B31"],
  wave: 2,
  inProduction:
    "One instance carries 8,000 connections and the next 2,000, and even a disconnect of everybody does not even it out; it began with a restart days ago.",
  remedy:
    "No affinity for WebSocket: the connection is pinned by itself, and state that must survive it belongs into Redis. Where a fallback needs it, a cookie for minutes, not for a day.",
  signs: [
    { fact: "balance@final", weight: 3 },
    { fact: "feature:comes-back-to-its-server", weight: 5 },
  ],
  caughtBy: { scenario: "sticky-clients", check: "balance" },
  apply: (healthy) => ({ ...healthy, balance: "cookie" }),
};
export default defect;
