import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "pending-cleared-by-first-ack",
  summary:
    "what is pending is kept once for the whole room: the first acknowledgement takes it from everybody",
  requirement: ["B49"],
  wave: 1,
  inProduction:
    "Who comes back after a bad connection misses exactly what the others have read already; alone in a room nobody can reproduce it.",
  remedy:
    "Keep a place for each recipient, and replay from the recipient's own one, whatever others acknowledged.",
  signs: [
    { fact: "about:resume-of-what-others-acknowledged", weight: 5 },
    { fact: "about:resume-here", weight: -4 },
    { fact: "about:resume-elsewhere", weight: -4 },
    { fact: "catch-up", weight: 1 },
  ],
  caughtBy: { scenario: "resume-replay", check: "catch-up" },
  apply: (healthy) => ({ ...healthy, leftOutOfReplay: ({ byAnybody }) => byAnybody() }),
};

export default defect;
