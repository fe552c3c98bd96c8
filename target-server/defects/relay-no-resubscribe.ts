import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "relay-no-resubscribe",
  summary:
    "after a break the link to the relay is back, and nobody listens on it; the instance says that it is well",
  requirement: ["B46"],
  wave: 1,
  inProduction:
    "Since the last blip of Redis nobody sees what others write until the instance is restarted; health is UP, and PUBSUB NUMPAT is 0.",
  remedy:
    "Subscribe at each connection, not at the first one, and let readiness say whether this instance hears the others.",
  signs: [
    { fact: "no-lost-message@recovery", weight: 3 },
    { fact: "about:ready-instance-hears-others", weight: 5 },
    { fact: "feature:loss-after-fault-forever", weight: 4 },
    { fact: "feature:loss-within-fault-window", weight: -3 },
    { fact: "no-lost-message@baseline", weight: -3 },
  ],
  caughtBy: { scenario: "redis-outage", check: "no-lost-message" },
  apply: (healthy) => ({
    ...healthy,
    listen: ({ first, subscribe, trust }) => (first ? subscribe() : trust()),
  }),
};

export default defect;
