import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "drain-before-subscribe",
  summary: "the offline buffer is emptied when the user connects, before anything is subscribed: to nobody",
  requirement: ["B59"],
  wave: 1,
  inProduction:
    "Notifications of the time away never come although the log says that they were delivered, and the buffer in Redis is empty.",
  remedy:
    "Drain at the SUBSCRIBE of the user's queue, and delete only what a client has shown to have taken.",
  signs: [
    { fact: "about:buffered-comes", weight: 4 },
    { fact: "about:buffer-is-emptied", weight: -4 },
    { fact: "about:sent-to-half-open-comes-later", weight: -3 },
    { fact: "catch-up", weight: 1 },
  ],
  caughtBy: { scenario: "offline-buffer-drain", check: "catch-up" },
  apply: (healthy) => ({
    ...healthy,
    takeBuffer: async ({ take }) => {
      await take();
      return [];
    },
    fallsBackToStore: () => false,
  }),
};

export default defect;
