import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "db-pool-unbounded-queue",
  summary:
    "what waits for a database connection has no bound: nobody is refused, and everybody waits for all before",
  requirement: ["B115"],
  wave: 1,
  inProduction:
    "One slow minute of the database, and the instances' memory and latencies grow until everything ends in time-outs, long after the database is well again.",
  remedy:
    "Bound the queue before the pool, and refuse at once, with an error the client can act on, what does not fit.",
  signs: [
    { fact: "bounds", weight: 1 },
    { fact: "about:waiting-work-bounded", weight: 5 },
    { fact: "about:every-send-told", weight: -2 },
    { fact: "about:connects-while-store-hangs", weight: -2 },
    { fact: "about:accepts-again", weight: -2 },
  ],
  caughtBy: { scenario: "db-pool-exhaustion", check: "bounds" },
  apply: (healthy) => ({ ...healthy, persistCapacity: () => Number.POSITIVE_INFINITY }),
};

export default defect;
