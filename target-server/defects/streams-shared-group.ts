import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "streams-shared-group",
  summary: "all instances read the relay's stream as one consumer group: each message reaches one of them",
  requirement: ["B75"],
  wave: 1,
  inProduction:
    "Each message is seen by the clients of one instance, now this one, now that one; with three instances two thirds of everything is missing, and the stream shows no backlog.",
  remedy: "Give each instance a cursor, or a consumer group, of its own: a group shares its entries out.",
  signs: [
    { fact: "no-lost-message@baseline", weight: 2 },
    { fact: "about:other-instances-hear", weight: 1 },
    { fact: "about:own-instance-hears", weight: 5 },
    { fact: "feature:loss-alternating", weight: 5 },
    { fact: "feature:loss-across-instances-only", weight: -4 },
  ],
  caughtBy: { scenario: "fan-out-room", params: { relay: "streams" }, check: "no-lost-message" },
  apply: (healthy) => ({ ...healthy, readStream: ({ shared }) => shared() }),
};

export default defect;
