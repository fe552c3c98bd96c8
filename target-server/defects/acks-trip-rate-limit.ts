import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "acks-trip-rate-limit",
  summary:
    "acknowledgements count as messages: who reads a busy room is refused, and closed, for sending too much",
  requirement: ["B82"],
  wave: 1,
  inProduction:
    "In rooms with more than ten messages a second people who never say a word get rate-limit errors and are thrown out, and their read marks are missing.",
  remedy: "Leave acknowledgements out of the message limit, or let clients acknowledge in batches.",
  signs: [
    { fact: "fairness", weight: 1 },
    { fact: "about:acks-not-limited", weight: 5 },
    { fact: "about:reader-stays-connected", weight: 1 },
    { fact: "rate-limits", weight: -2 },
  ],
  caughtBy: { scenario: "read-receipts", check: "fairness" },
  apply: (healthy) => ({ ...healthy, countsAsSend: () => true }),
};

export default defect;
