import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "ban-local-only",
  summary: "a ban is in force on the instance that was told of it",
  requirement: ["B221"],
  wave: 2,
  inProduction: "A banned user is thrown out of one tab, and writes on in the other one.",
  remedy: "Keep bans in a store, tell all instances of each, and let them look whether they missed one.",
  signs: [
    { fact: "authority", weight: 1 },
    { fact: "about:ban-reaches-other-instance", weight: 5 },
    { fact: "about:banned-sender-refused", weight: -5 },
    { fact: "about:expired-sender-refused", weight: -3 },
  ],
  caughtBy: { scenario: "auth-expiry-and-ban", check: "authority" },
  apply: (healthy) => ({ ...healthy, announceBan: async ({ here }) => here() }),
};

export default defect;
