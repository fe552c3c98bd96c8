import type { Defect } from "../defect.ts";

/** The "simple broker" of the tutorials: it knows only the clients of its own instance, and counts for itself. */
const defect: Defect = {
  name: "in-memory-broker-in-cluster",
  summary: "a broadcast reaches only the clients of the instance that accepted it",
  requirement: ["B42"],
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
