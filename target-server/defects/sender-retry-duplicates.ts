import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "sender-retry-duplicates",
  summary: "a SEND that a client repeats after a lost RECEIPT is stored and broadcast as a new one",
  requirement: ["B216"],
  wave: 1,
  inProduction:
    "On bad networks people post everything twice: two rows, two sequences, seconds apart, from one client message id.",
  remedy:
    "Store by sender and client message id, unique, and answer a repetition with the RECEIPT of the first.",
  signs: [
    { fact: "about:resend-stored-once", weight: 4 },
    { fact: "about:resend-heard-once", weight: 4 },
    { fact: "about:retried-event-stored-once", weight: -3 },
  ],
  caughtBy: { scenario: "sender-retry", check: "once-only" },
  apply: (healthy) => ({ ...healthy, clientMessageId: (_given, ownId) => ownId }),
};

export default defect;
