import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "broadcast-before-persist",
  summary:
    "a message is fanned out first and stored second: in an outage clients see what the store never has",
  requirement: ["B38"],
  caughtBy: { scenario: "ramp", faults: ["cut@12s..18s:server-all/postgres"], check: "no-phantom" },
  apply: (healthy) => ({
    ...healthy,
    accept: (message, steps) => {
      steps.broadcast(message);
      return steps.persist(message);
    },
  }),
};

export default defect;
