import type { Defect } from "../defect.ts";

/** It sleeps 2 s and 5 s, and has told its clients 30 s (B25). */
const SHARE = 7 / 30;

const defect: Defect = {
  name: "drain-shorter-than-notice",
  summary: "clients are told that there is half a minute, and are closed after a few seconds",
  requirement: ["B25"],
  wave: 1,
  inProduction:
    "Clients that spread their move over the announced time are all cut early, together: the herd that the notice was to prevent comes sooner.",
  remedy:
    "Take the announced range and the drain from one setting, and let the stop time-out of the orchestrator be longer than both.",
  signs: [
    { fact: "about:open-as-long-as-announced", weight: 5 },
    { fact: "orderly-close@fault", weight: 1 },
    { fact: "about:notice-before-close", weight: -3 },
    { fact: "about:stop-closes-with-1012", weight: -2 },
  ],
  caughtBy: {
    scenario: "rolling-deploy-drain",
    faults: ["terminate@7s..12s:server-any"],
    params: { holdMs: 17_000 },
    check: "orderly-close",
  },
  apply: (healthy) => ({
    ...healthy,
    stop: async ({ notice, closeInWaves, flush }) => {
      notice();
      await closeInWaves(SHARE);
      await flush();
    },
  }),
};

export default defect;
