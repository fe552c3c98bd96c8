import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "relay-double-delivery",
  summary:
    "the instance that accepts a message tells its own clients, and they hear it from the relay as well",
  requirement: ["B44"],
  wave: 1,
  inProduction:
    "Some people see every message twice, some once, and who is who changes with the instance they are connected to.",
  remedy:
    "Deliver by one path: let the origin, too, hear its message from the relay; or let it skip what carries its own name.",
  signs: [
    { fact: "no-duplicate@baseline", weight: 3 },
    { fact: "about:heard-once-on-own-instance", weight: 5 },
    { fact: "feature:duplicates-on-origin-instance", weight: 4 },
    { fact: "about:heard-once-on-others", weight: -4 },
  ],
  caughtBy: { scenario: "fan-out-room", check: "no-duplicate" },
  apply: (healthy) => ({
    ...healthy,
    broadcast:
      ({ relay, local }) =>
      async (message, fence) => {
        const seq = await relay(message, fence);
        local(message, seq);
        return seq;
      },
  }),
};

export default defect;
