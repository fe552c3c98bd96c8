import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "session-cap-per-instance",
  summary: "sessions of a user are counted by each instance for itself",
  requirement: ["B161"],
  wave: 2,
  inProduction:
    "The cap of five holds on every instance, and with ten instances a user has fifty connections.",
  remedy:
    "Count in a store that all instances share, by instance, so that a dead one's count can be left out.",
  signs: [
    { fact: "rate-limits", weight: 1 },
    { fact: "about:cap-holds-across-instances", weight: 5 },
    { fact: "about:cap-holds-on-one-instance", weight: -5 },
  ],
  caughtBy: { scenario: "session-cap", check: "rate-limits" },
  apply: (healthy) => ({ ...healthy, takeSessionSlot: async ({ here }) => here() }),
};

export default defect;
