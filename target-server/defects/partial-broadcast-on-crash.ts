import type { Defect } from "../defect.ts";
import { pause } from "../pause.ts";

/** As long as a slice of a large fan-out takes; short enough to hide in the latency of a calm day. */
const SLICE_MS = 40;

const defect: Defect = {
  name: "partial-broadcast-on-crash",
  summary:
    "the fan-out of confirmed messages is in the memory of one instance only: its death leaves it half done",
  requirement: ["B48"],
  wave: 1,
  inProduction:
    "When an instance crashes the last messages that it confirmed reached some of a room and never the others; they are in the history, and no replay has them.",
  remedy:
    "Mark a message as published only when it is, and let the other instances publish what a dead one has left behind.",
  signs: [
    { fact: "about:crash-reaches-the-others", weight: 5 },
    { fact: "about:crash-followers-catch-up", weight: 3 },
    { fact: "no-lost-message@fault", weight: 1 },
    { fact: "about:resume-elsewhere", weight: -3 },
    { fact: "no-lost-message@baseline", weight: -3 },
  ],
  caughtBy: { scenario: "crash-mid-broadcast", check: "catch-up" },
  apply: (healthy) => ({
    ...healthy,
    takesOverUnpublished: () => false,
    broadcast:
      ({ relay }) =>
      async (message, fence) => {
        await pause(SLICE_MS);
        return relay(message, fence);
      },
  }),
};

export default defect;
