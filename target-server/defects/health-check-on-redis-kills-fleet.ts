import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "health-check-on-redis-kills-fleet",
  summary: "liveness asks Redis: while Redis is away, every instance says that it is dead",
  requirement: ["B187"],
  wave: 1,
  inProduction:
    "A blip of Redis makes the orchestrator restart every instance at once: all users are cut off by an outage that they would not have noticed.",
  remedy:
    "Let liveness say only that the process answers; tell of stores in readiness, and let the balancer keep what is connected.",
  signs: [
    { fact: "about:alive-without-redis", weight: 5 },
    { fact: "health-endpoints@fault", weight: 2 },
    { fact: "health-endpoints@baseline", weight: -3 },
    { fact: "about:sockets-survive-redis", weight: -1 },
  ],
  caughtBy: { scenario: "redis-down", check: "health-endpoints" },
  apply: (healthy) => ({ ...healthy, isAlive: async (notReady) => (await notReady()) === undefined }),
};

export default defect;
