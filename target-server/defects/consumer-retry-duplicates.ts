import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "consumer-retry-duplicates",
  summary: "an event that its source repeats gets a new id each time, and is shown again",
  requirement: ["B77"],
  wave: 1,
  inProduction:
    "Whenever the event consumer is restarted or its answer is late, users get the same notification twice, with different ids.",
  remedy: "Make the event's id of its idempotency key, and store it once: the repetition changes nothing.",
  signs: [
    { fact: "about:retried-event-rendered-once", weight: 4 },
    { fact: "about:retried-event-stored-once", weight: 3 },
    { fact: "about:retried-event-buffered-once", weight: 2 },
    { fact: "no-duplicate@baseline", weight: -2 },
  ],
  caughtBy: { scenario: "external-event-push", check: "once-only" },
  apply: (healthy) => ({ ...healthy, eventId: (_ofKey, fresh) => fresh() }),
};

export default defect;
