import type { Defect } from "../defect.ts";

/** One worker for handlers and beats of a session: the beat waits until the handlers have answered. */
const defect: Defect = {
  name: "heartbeat-starved-by-handlers",
  summary: "heart-beats wait behind the handlers, and the handlers wait for the database",
  requirement: ["B13"],
  wave: 1,
  inProduction:
    "When the database is slow, clients declare healthy servers dead and reconnect, all together, which makes the database slower.",
  remedy: "Send heart-beats from a timer of their own that no handler, pool or lock can hold up.",
  signs: [
    { fact: "about:beats-while-a-send-waits", weight: 5 },
    { fact: "orderly-close@fault", weight: 1 },
    { fact: "orderly-close@baseline", weight: -3 },
    { fact: "about:heart-beat-offered", weight: -3 },
  ],
  caughtBy: { scenario: "db-slow", check: "orderly-close" },
  apply: (healthy) => ({ ...healthy, beat: (send, answered) => void answered().then(send) }),
};

export default defect;
