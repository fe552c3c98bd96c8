import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "activity-timeout-equals-ping-interval",
  summary: "a client is given up as soon as its heart-beat is due, not when one is missing",
  requirement: ["B9"],
  wave: 1,
  inProduction:
    "Quiet users are disconnected at random, more often on slow networks, with no proxy in the path; busy ones never are.",
  remedy:
    "Let the time-out be at least one and a half heart-beat intervals: a beat that is late by the network is not a dead client.",
  signs: [
    { fact: "about:late-beat-tolerated", weight: 5 },
    { fact: "orderly-close", weight: 1 },
    { fact: "about:silent-client-reaped", weight: -4 },
  ],
  caughtBy: { scenario: "half-open-zombies", check: "orderly-close" },
  apply: (healthy) => ({ ...healthy, peerIsDead: (silentMs, everyMs) => silentMs >= everyMs }),
};

export default defect;
