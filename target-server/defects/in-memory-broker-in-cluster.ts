import type { Defect } from "../defect.ts";

/** The "simple broker" of the tutorials: it knows only the clients of its own instance, and counts for itself. */
const defect: Defect = {
  name: "in-memory-broker-in-cluster",
  summary: "a broadcast reaches only the clients of the instance that accepted it",
  requirement: ["B42"],
  wave: 1,
  inProduction:
    "It worked with one instance. With two, half of every room does not see what the other half says, all the time, and nothing is in any log.",
  remedy:
    "Publish every broadcast through a relay that all instances subscribe to, for the room's own clients too.",
  signs: [
    { fact: "no-lost-message@baseline", weight: 3 },
    { fact: "feature:loss-across-instances-only", weight: 5 },
    { fact: "feature:loss-alternating", weight: -4 },
    { fact: "feature:loss-within-fault-window", weight: -4 },
    { fact: "feature:loss-after-fault-forever", weight: -3 },
  ],
  caughtBy: { scenario: "ramp", check: "no-lost-message" },
  apply: (healthy) => ({
    ...healthy,
    broadcast: ({ local }) => {
      const sequences = new Map<string, number>();
      return async (message) => {
        const seq = (sequences.get(message.roomId) ?? 0) + 1;
        sequences.set(message.roomId, seq);
        local(message, seq);
        return seq;
      };
    },
  }),
};

export default defect;
