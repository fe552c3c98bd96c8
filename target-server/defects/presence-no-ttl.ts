import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "presence-no-ttl",
  summary: "who is present stays so until the own instance says otherwise: a crash leaves ghosts for ever",
  requirement: ["B91"],
  wave: 2,
  inProduction: "Users of an instance that crashed last week are still shown as online.",
  remedy: "Let presence expire unless the user's instance renews it, and look for what has expired.",
  signs: [
    { fact: "presence", weight: 1 },
    { fact: "about:ghost-gone-from-empty-room", weight: 5 },
    { fact: "about:ghost-gone-beside-survivor", weight: 1 },
    { fact: "about:vanished-user-gone", weight: -2 },
  ],
  caughtBy: { scenario: "presence-churn", check: "presence" },
  apply: (healthy) => ({ ...healthy, presentUntilMs: () => Number.POSITIVE_INFINITY }),
};

export default defect;
