import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "no-session-cap",
  summary: "one user may open any number of connections",
  requirement: ["B160"],
  wave: 2,
  inProduction:
    "One account with a script holds thousands of connections; the instances are full and others get 503.",
  remedy: "Count a user's sessions over all instances and refuse the one too many at CONNECT.",
  signs: [
    { fact: "rate-limits", weight: 1 },
    { fact: "about:cap-holds-on-one-instance", weight: 5 },
    { fact: "about:cap-holds-across-instances", weight: 1 },
  ],
  caughtBy: { scenario: "session-cap", check: "rate-limits" },
  apply: (healthy) => ({ ...healthy, takeSessionSlot: async () => true }),
};

export default defect;
