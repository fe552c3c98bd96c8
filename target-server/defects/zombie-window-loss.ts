import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "zombie-window-loss",
  summary: "a half-open client counts as connected, and what is sent to it is kept for nobody",
  requirement: ["B63"],
  wave: 1,
  inProduction:
    "Who loses the network without a goodbye misses what comes in the next 40 seconds, before the server notices; what comes later is there.",
  remedy: "Keep what is sent until the client has shown that it took it, and give it to the next session.",
  signs: [
    { fact: "about:sent-to-half-open-comes-later", weight: 5 },
    { fact: "about:buffered-comes", weight: -4 },
    { fact: "about:buffer-is-emptied", weight: -2 },
    { fact: "catch-up", weight: 1 },
  ],
  caughtBy: { scenario: "offline-buffer-drain", check: "catch-up" },
  apply: (healthy) => ({ ...healthy, keepsUntilTaken: () => false }),
};

export default defect;
