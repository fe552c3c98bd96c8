import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "broadcast-before-persist",
  summary:
    "a message is fanned out first and stored second: in an outage clients see what the store never has",
  requirement: ["B38"],
  wave: 1,
  inProduction:
    "Whenever the database is away, people see messages that are gone after a reload, although their sender was told that they failed.",
  remedy: "Store first and publish only what was stored; publish from the commit, by an outbox.",
  signs: [
    { fact: "no-phantom@fault", weight: 3 },
    { fact: "feature:phantom-was-refused", weight: 4 },
    { fact: "feature:store-was-away", weight: 2 },
    { fact: "about:unheard-while-store-is-away", weight: 3 },
    { fact: "feature:phantom-was-confirmed", weight: -3 },
    { fact: "no-phantom@baseline", weight: -3 },
  ],
  caughtBy: { scenario: "ramp", faults: ["cut@12s..18s:server-all/postgres"], check: "no-phantom" },
  apply: (healthy) => ({
    ...healthy,
    accept: (message, steps) => {
      steps.broadcast(message);
      return steps.persist(message);
    },
  }),
};

export default defect;
