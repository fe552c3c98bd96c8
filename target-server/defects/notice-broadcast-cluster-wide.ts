import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "notice-broadcast-cluster-wide",
  summary: "the notice of one stopping instance goes through the relay to the clients of all of them",
  requirement: ["B23"],
  wave: 1,
  inProduction:
    "Whenever one instance is replaced, the users of the healthy ones leave as well: each deploy becomes a reconnect storm of the whole cluster, once for each instance.",
  remedy: "Publish the notice to the stopping instance's own sessions only, never through the relay.",
  signs: [
    { fact: "about:notice-only-to-its-own", weight: 5 },
    { fact: "private-stays-private", weight: 1 },
    { fact: "about:notice-before-close", weight: -3 },
  ],
  caughtBy: {
    scenario: "rolling-deploy-drain",
    faults: ["terminate@7s..12s:server-any"],
    params: { holdMs: 17_000 },
    check: "private-stays-private",
  },
  apply: (healthy) => ({
    ...healthy,
    stop: async ({ noticeToAll, closeInWaves, flush }) => {
      await noticeToAll();
      await closeInWaves();
      await flush();
    },
  }),
};

export default defect;
