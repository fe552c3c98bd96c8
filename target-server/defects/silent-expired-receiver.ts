import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "silent-expired-receiver",
  summary: "an expired or banned session cannot send, and goes on receiving",
  requirement: ["B144"],
  wave: 2,
  inProduction:
    "Somebody who was banned still reads everything; it comes out because they quote it elsewhere.",
  remedy: "End the session at its token's end and at the ban, whether or not it says anything.",
  signs: [
    { fact: "authority", weight: 1 },
    { fact: "about:expired-listener-closed", weight: 3 },
    { fact: "about:banned-listener-hears-nothing", weight: 3 },
    { fact: "about:expired-sender-refused", weight: -4 },
    { fact: "about:banned-sender-refused", weight: -4 },
  ],
  caughtBy: { scenario: "auth-expiry-and-ban", check: "authority" },
  apply: (healthy) => ({
    ...healthy,
    closeAfterExpiryMs: () => Number.POSITIVE_INFINITY,
    banClosesSessions: () => false,
  }),
};

export default defect;
