import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "no-shutdown-notice",
  summary: "a stopping instance closes its clients without a word before",
  requirement: ["B21"],
  wave: 1,
  inProduction:
    "At every deploy users see a sudden reconnect in the middle of what they do; clients cannot finish, save or choose a moment.",
  remedy:
    "On SIGTERM first publish a notice with a range of times to this instance's clients, then close them in waves over that range.",
  signs: [
    { fact: "about:notice-before-close", weight: 5 },
    { fact: "orderly-close@fault", weight: 1 },
    { fact: "about:stop-closes-with-1012", weight: -2 },
    { fact: "about:notice-only-to-its-own", weight: -3 },
    { fact: "feature:stop-without-close-frame", weight: -3 },
  ],
  caughtBy: {
    scenario: "rolling-deploy-drain",
    faults: ["terminate@7s..12s:server-any"],
    params: { holdMs: 17_000 },
    check: "orderly-close",
  },
  apply: (healthy) => ({
    ...healthy,
    stop: async ({ closeInWaves, flush }) => {
      await closeInWaves();
      await flush();
    },
  }),
};

export default defect;
