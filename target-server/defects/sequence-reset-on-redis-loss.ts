import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "sequence-reset-on-redis-loss",
  summary: "when Redis has lost its data each room's sequence begins at 1 again",
  requirement: ["B68"],
  wave: 1,
  inProduction:
    "After Redis was restarted the chat stands still: clients drop everything new as old, because their last sequence is higher.",
  remedy:
    "Raise a room's counter to what the database has before it is used, each time that Redis may have lost it.",
  signs: [
    { fact: "room-order@fault", weight: 3 },
    { fact: "feature:sequence-restarted", weight: 5 },
    { fact: "room-order@baseline", weight: -3 },
    { fact: "about:sent-order-kept", weight: -3 },
  ],
  caughtBy: { scenario: "redis-restart", check: "room-order" },
  apply: (healthy) => ({ ...healthy, roomCounter: () => 0 }),
};

export default defect;
