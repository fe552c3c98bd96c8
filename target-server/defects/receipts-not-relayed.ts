import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "receipts-not-relayed",
  summary: "receipts reach senders on the reader's own instance only",
  requirement: ["B80"],
  wave: 2,
  inProduction:
    "Some messages stay at one tick for ever although their readers have answered them; which ones looks like chance.",
  remedy: "Send receipts through the relay, as every other message to one user.",
  signs: [
    { fact: "reaches-everyone", weight: 1 },
    { fact: "about:senders-hear-of-reads", weight: 5 },
    { fact: "about:dm-reaches-recipient-elsewhere", weight: -3 },
    { fact: "about:status-read-in-store", weight: -1 },
  ],
  caughtBy: { scenario: "read-receipts", check: "reaches-everyone" },
  apply: (healthy) => ({
    ...healthy,
    pushToUser:
      ({ relay, local }) =>
      (event) => {
        if (event.queue !== "/queue/receipts") return relay(event);
        local(event);
        return Promise.resolve("delivered");
      },
  }),
};

export default defect;
