import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "no-rate-limit",
  summary: "a user may send without any limit",
  requirement: ["B153"],
  wave: 2,
  inProduction:
    "One client with a bug sends a thousand messages a second, and everybody's messages come minutes late.",
  remedy: "Limit what one user and one session may send, in a sliding window, and close who goes on.",
  signs: [
    { fact: "rate-limits", weight: 1 },
    { fact: "about:flood-stays-within-limit", weight: 4 },
    { fact: "about:flooder-closed-1008", weight: 3 },
    { fact: "about:one-tab-limited", weight: 5 },
  ],
  caughtBy: { scenario: "message-flood", check: "rate-limits" },
  apply: (healthy) => ({ ...healthy, spendSend: () => undefined }),
};

export default defect;
