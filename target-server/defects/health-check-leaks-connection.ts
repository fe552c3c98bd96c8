import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "health-check-leaks-connection",
  summary: "each health check takes a connection to Redis and never gives it back",
  requirement: ["B188"],
  wave: 1,
  inProduction:
    "Some minutes after each start the pool is empty: health flips to DOWN with nothing wrong in Redis, the instance is replaced, and it begins again.",
  remedy: "Ask over one connection that is kept, or return it in a finally block.",
  signs: [
    { fact: "about:health-checks-leave-nothing", weight: 5 },
    { fact: "leaks", weight: 1 },
    { fact: "about:sessions-leave-nothing", weight: -3 },
  ],
  caughtBy: { scenario: "soak-leak", check: "leaks" },
  apply: (healthy) => ({ ...healthy, askRedis: ({ open }) => open().ask() }),
};

export default defect;
