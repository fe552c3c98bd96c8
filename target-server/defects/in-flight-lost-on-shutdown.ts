import type { Defect } from "../defect.ts";

/** How long an accepted message waits in memory for the job that stores it. */
const WRITE_BEHIND_MS = 2_000;

/** Accepted messages wait in memory for a job that stores them, and a stop does not wait for the job. */
const defect: Defect = {
  name: "in-flight-lost-on-shutdown",
  summary: "messages are confirmed from memory and stored later; what waits at a stop is never stored",
  requirement: ["B28"],
  wave: 1,
  inProduction:
    "After each deploy the last seconds of the old instance's conversations are gone from the history, although everybody saw them and the senders have their confirmation.",
  remedy:
    "Confirm what is committed and nothing else; on SIGTERM stop accepting, finish and flush everything accepted, then exit.",
  signs: [
    { fact: "no-phantom@fault", weight: 3 },
    { fact: "feature:phantom-was-confirmed", weight: 3 },
    { fact: "feature:process-was-stopped", weight: 2 },
    { fact: "feature:process-was-killed", weight: -2 },
    { fact: "feature:phantom-was-refused", weight: -4 },
    { fact: "feature:store-was-away", weight: -4 },
    { fact: "no-phantom@baseline", weight: -4 },
  ],
  caughtBy: {
    scenario: "rolling-deploy-drain",
    faults: ["terminate@7s..12s:server-any"],
    params: { holdMs: 17_000 },
    check: "no-phantom",
  },
  apply: (healthy) => ({
    ...healthy,
    accept: async (message, steps) => {
      steps.broadcast(message);
      setTimeout(() => void steps.persist(message), WRITE_BEHIND_MS);
      return { how: "stored" };
    },
  }),
};

export default defect;
