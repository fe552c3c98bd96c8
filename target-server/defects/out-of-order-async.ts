import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "out-of-order-async",
  summary: "messages of a room are handled side by side and published as they get through",
  requirement: ["B65"],
  wave: 1,
  inProduction:
    "Under load, or when the database is slow, quick messages of one person appear in another order than they were written, the same wrong one for all.",
  remedy: "Handle the messages of a room one after the other: a queue, or a lane, for each room.",
  signs: [
    { fact: "about:sent-order-kept", weight: 5 },
    { fact: "about:same-order-for-all", weight: -3 },
    { fact: "about:sequence-is-the-order", weight: -3 },
    { fact: "feature:sequence-restarted", weight: -3 },
  ],
  caughtBy: { scenario: "ordering", check: "resumed-order" },
  apply: (healthy) => ({ ...healthy, orderingMode: () => "none" }),
};

export default defect;
