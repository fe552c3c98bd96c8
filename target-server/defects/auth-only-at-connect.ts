import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "auth-only-at-connect",
  summary: "a token is looked at when a session begins and never again: who expired or was banned goes on",
  requirement: ["B143"],
  wave: 1,
  inProduction:
    "Somebody who was banned for fraud in the morning is still writing in the evening: the ban works for new logins, and nobody ends the connection.",
  remedy:
    "Ask expiry and ban list on every SEND, close sessions at their token's end, and end a banned user's sessions on all instances.",
  signs: [
    { fact: "authority", weight: 1 },
    { fact: "about:expired-sender-refused", weight: 4 },
    { fact: "about:banned-sender-refused", weight: 4 },
    { fact: "about:expired-listener-closed", weight: 1 },
    { fact: "about:refreshed-session-goes-on", weight: -3 },
  ],
  caughtBy: { scenario: "auth-expiry-and-ban", check: "authority" },
  apply: (healthy) => ({
    ...healthy,
    tokenIsGood: () => true,
    closeAfterExpiryMs: () => Number.POSITIVE_INFINITY,
    banClosesSessions: () => false,
  }),
};

export default defect;
