import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "presence-expiry-not-announced",
  summary: "whose presence ran out is taken from the list, and nobody is told",
  requirement: ["B95"],
  wave: 2,
  inProduction: "Open windows show people as online who are gone; after a reload they are not.",
  remedy:
    "Sweep what has expired and tell the room of it as of any other leave: a key that expires tells nobody.",
  signs: [
    { fact: "presence", weight: 1 },
    { fact: "about:expiry-announced", weight: 5 },
    { fact: "about:ghost-gone-beside-survivor", weight: -5 },
    { fact: "about:ghost-gone-from-empty-room", weight: -5 },
  ],
  caughtBy: { scenario: "presence-churn", check: "presence" },
  apply: (healthy) => ({ ...healthy, announcesExpiry: () => false }),
};

export default defect;
