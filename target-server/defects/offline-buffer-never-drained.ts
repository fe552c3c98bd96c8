import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "offline-buffer-never-drained",
  summary:
    "what was kept for a user who was away is never looked at: the hook is where no subscription passes",
  requirement: ["B58"],
  wave: 1,
  inProduction:
    "Notifications of the time away never come, the keys of the buffers stay in Redis until they run out, and nothing is in the log.",
  remedy: "Drain the buffer at the SUBSCRIBE of the user's queue, where the messages have somewhere to go.",
  signs: [
    { fact: "about:buffered-comes", weight: 3 },
    { fact: "about:buffer-is-emptied", weight: 5 },
    { fact: "about:sent-to-half-open-comes-later", weight: -3 },
    { fact: "catch-up", weight: 1 },
  ],
  caughtBy: { scenario: "offline-buffer-drain", check: "catch-up" },
  apply: (healthy) => ({ ...healthy, takeBuffer: async () => [], fallsBackToStore: () => false }),
};

export default defect;
