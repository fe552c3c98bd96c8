import type { Defect } from "../defect.ts";

/** Long enough for 12 MB: what the kernels and a proxy hold for one connection is 8 to 9 MB (E64). */
const SHORT = { clients: 30, rampMs: 3_000, slowForMs: 16_000, holdMs: 28_000 };

const defect: Defect = {
  name: "head-of-line-blocking",
  summary: "a broadcast waits until every client has taken the one before",
  requirement: ["B104"],
  wave: 1,
  inProduction:
    "One client that reads slowly makes a whole instance slow: everybody's messages arrive late, together, until it is gone.",
  remedy:
    "Give each client a bounded queue of its own and never await a client's socket in the broadcast loop.",
  signs: [
    { fact: "about:own-messages-keep-up", weight: 5 },
    { fact: "fairness", weight: 2 },
    { fact: "delivery-p99@baseline", weight: 2 },
    { fact: "evicted", weight: 2 },
    { fact: "feature:slow-reader-present", weight: 1 },
    { fact: "no-lost-message@baseline", weight: -1 },
  ],
  caughtBy: { scenario: "slow-reader", params: SHORT, check: "fairness" },
  apply(healthy) {
    let before = Promise.resolve();
    return {
      ...healthy,
      fanOut(deliver, everyoneTook) {
        before = before.then(() => {
          deliver();
          return everyoneTook();
        });
      },
    };
  },
};

export default defect;
