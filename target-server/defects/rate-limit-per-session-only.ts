import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "rate-limit-per-session-only",
  summary: "the send limit is counted per connection: a user with three tabs may send three times as much",
  requirement: ["B154"],
  wave: 1,
  inProduction:
    "Somebody floods a room although nobody is over the limit: every connection is within it, and the user has a dozen.",
  remedy: "Count by user, in a store that all instances share, and by session beside it.",
  signs: [
    { fact: "rate-limits", weight: 1 },
    { fact: "about:tabs-on-one-instance-share", weight: 5 },
    { fact: "about:tabs-on-several-instances-share", weight: 1 },
    { fact: "about:one-tab-limited", weight: -4 },
  ],
  caughtBy: { scenario: "rate-limit-scope", check: "rate-limits" },
  apply: (healthy) => ({ ...healthy, spendSend: ({ session }) => session() }),
};

export default defect;
