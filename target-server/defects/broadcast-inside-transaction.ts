import type { Defect } from "../defect.ts";

/** Whatever is broadcast once more after the commit is known to the relay by its id. */
const defect: Defect = {
  name: "broadcast-inside-transaction",
  summary: "a message is published before its transaction has committed: a rollback cannot take it back",
  requirement: ["B39"],
  wave: 1,
  inProduction:
    "Now and then a message is seen that is gone after a reload, its sender was told that it failed, and the database was up all the time.",
  remedy:
    "Publish after the commit, from what was committed: an outbox in the same transaction, read by whoever publishes.",
  signs: [
    { fact: "no-phantom", weight: 2 },
    { fact: "about:unheard-when-commit-fails", weight: 5 },
    { fact: "about:unheard-while-store-is-away", weight: -5 },
    { fact: "feature:phantom-was-refused", weight: 2 },
    { fact: "feature:phantom-was-confirmed", weight: -3 },
    { fact: "no-phantom@baseline", weight: -3 },
  ],
  caughtBy: { scenario: "db-down", check: "no-phantom" },
  apply: (healthy) => ({
    ...healthy,
    write: ({ inTransaction, broadcast }) =>
      inTransaction((messages) => {
        for (const message of messages) broadcast(message);
      }),
  }),
};

export default defect;
