import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "relay-publish-error-swallowed",
  summary: "a publish that failed is logged and forgotten; its sender was told that all is well",
  requirement: ["B45"],
  wave: 1,
  inProduction:
    "After every hiccup of Redis some messages are in the history and were seen by nobody live; the log has a line for each, and no alarm.",
  remedy:
    "Keep what could not be published in an outbox and publish it when the relay is back, in its order.",
  signs: [
    { fact: "no-lost-message@fault", weight: 3 },
    { fact: "feature:loss-within-fault-window", weight: 4 },
    { fact: "feature:loss-after-fault-forever", weight: -4 },
    { fact: "about:ready-instance-hears-others", weight: -4 },
    { fact: "no-lost-message@baseline", weight: -3 },
  ],
  caughtBy: { scenario: "redis-outage", check: "no-lost-message" },
  apply: (healthy) => ({
    ...healthy,
    broadcast:
      ({ relay }) =>
      (message, fence) =>
        relay(message, fence).catch(() => 0),
  }),
};

export default defect;
