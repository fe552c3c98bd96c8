import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "zombie-sessions-never-reaped",
  summary: "clients that vanish without a word stay connected, and present, for ever",
  requirement: ["B6"],
  wave: 1,
  inProduction:
    "The gauge of connections only rises, users are shown online who left the train long ago, and after some hours the instance is out of memory.",
  remedy: "Close a session whose heart-beat is 1.5 intervals late, and free everything that it held.",
  signs: [
    { fact: "about:silent-client-reaped", weight: 5 },
    { fact: "about:silent-user-left-presence", weight: 2 },
    { fact: "reaping", weight: 1 },
    { fact: "about:late-beat-tolerated", weight: -3 },
    { fact: "about:quiet-client-lives", weight: -3 },
  ],
  caughtBy: { scenario: "half-open-zombies", check: "reaping" },
  apply: (healthy) => ({ ...healthy, peerIsDead: () => false }),
};

export default defect;
