import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "receipts-unbatched",
  summary: "each read is a message of its own to the sender",
  requirement: ["B79"],
  wave: 2,
  inProduction:
    "Who writes to a room of five hundred gets five hundred messages back for each of their own, and the room is slow.",
  remedy: "Collect receipts for half a second and tell a sender of all of them in one message.",
  signs: [
    { fact: "bounds", weight: 1 },
    { fact: "about:receipts-are-batched", weight: 5 },
    { fact: "about:senders-hear-of-reads", weight: -2 },
  ],
  caughtBy: { scenario: "read-receipts", check: "bounds" },
  apply: (healthy) => ({ ...healthy, receiptWindowMs: () => 0 }),
};

export default defect;
