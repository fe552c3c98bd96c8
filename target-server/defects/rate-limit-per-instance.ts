import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "rate-limit-per-instance",
  summary: "each instance counts the sends of a user for itself",
  requirement: ["B155"],
  wave: 2,
  inProduction:
    "The limit of ten a second holds in every test, and in production a user with three connections sends thirty.",
  remedy: "Count a user's sends in one place for all instances, in one atomic step.",
  signs: [
    { fact: "rate-limits", weight: 1 },
    { fact: "about:tabs-on-several-instances-share", weight: 5 },
    { fact: "about:tabs-on-one-instance-share", weight: -5 },
    { fact: "about:window-edge-burst-limited", weight: -3 },
  ],
  caughtBy: { scenario: "rate-limit-scope", check: "rate-limits" },
  apply: (healthy) => ({ ...healthy, spendSend: ({ session, userHere }) => session() ?? userHere() }),
};

export default defect;
