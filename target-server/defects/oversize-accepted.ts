import type { Defect } from "../defect.ts";

const BYTES = 64 * 1_048_576;

const defect: Defect = {
  name: "oversize-accepted",
  summary: "messages of any size are read into memory and passed on",
  requirement: ["B109"],
  wave: 1,
  inProduction:
    "One client that sends a photo as a message stalls a whole room, and a hostile one takes an instance down with a few megabytes a second.",
  remedy:
    "Limit the WebSocket message and the STOMP frame (64 KB), close with 1009 while reading, and let large content go by reference.",
  signs: [
    { fact: "about:oversize-closed-1009", weight: 5 },
    { fact: "refusals", weight: 1 },
    { fact: "about:foreign-origin-refused", weight: -2 },
    { fact: "about:missing-token-refused", weight: -2 },
  ],
  caughtBy: { scenario: "conformance-smoke", check: "refusals" },
  apply: (healthy) => ({
    ...healthy,
    sizeLimits: () => ({ webSocketMessage: BYTES, stompFrame: BYTES }),
  }),
};

export default defect;
