import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "abrupt-close-1006",
  summary: "a planned stop cuts every client without a notice or a close frame",
  requirement: ["B22"],
  wave: 1,
  inProduction:
    "Every deploy looks like a crash: all clients of the stopped instance log an abnormal closure (1006) and nobody can tell a release from an outage.",
  remedy:
    "On SIGTERM send every client a close frame, 1012 or 1001, and leave only when the frames are out; give the process longer than that to stop.",
  signs: [
    { fact: "close-codes@fault", weight: 3 },
    { fact: "feature:stop-without-close-frame", weight: 5 },
    { fact: "no-lost-message@baseline", weight: -2 },
  ],
  caughtBy: { scenario: "ramp", faults: ["terminate@12s..18s:server-any"], check: "close-codes" },
  apply: (healthy) => ({ ...healthy, stop: async ({ cutAll }) => cutAll() }),
};

export default defect;
