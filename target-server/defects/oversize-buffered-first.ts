import type { Defect } from "../defect.ts";

/** As if there were none: what any message of the tests is shorter than. */
const NO_LIMIT_BYTES = 268_435_456;

const defect: Defect = {
  name: "oversize-buffered-first",
  summary: "the length of a message is looked at when all of it has come: until then it lies in memory",
  requirement: ["B111"],
  wave: 2,
  inProduction:
    "A few users who paste pictures take an instance down: each of them holds ten megabytes of it until the last byte has come and is refused.",
  remedy:
    "Refuse by the length that a frame announces, and by the sum of a message's fragments, while reading.",
  signs: [
    { fact: "refusals", weight: 1 },
    { fact: "about:oversize-refused-by-its-head", weight: 5 },
    { fact: "about:oversize-refused", weight: -3 },
    { fact: "about:oversize-closed-1009", weight: -3 },
  ],
  caughtBy: { scenario: "large-messages", check: "refusals" },
  apply: (healthy) => ({
    ...healthy,
    sizeLimits: (bytesMax) => ({ webSocketMessage: NO_LIMIT_BYTES, stompFrame: bytesMax }),
  }),
};

export default defect;
