import type { Defect } from "../defect.ts";

/** One `EXPIRE` for the set `presence:{room}`, renewed by whoever is in it. */
const defect: Defect = {
  name: "presence-shared-set-ttl",
  summary:
    "one TTL for all of a room's presence: any member's beat keeps the ghosts of a dead instance there",
  requirement: ["B92"],
  wave: 1,
  inProduction:
    "After a crash its users stay online in every room in which anybody is left, for as long as anybody is; in empty rooms they go as they should.",
  remedy:
    "Give each user an expiry of its own (a sorted set by expiry), renewed by the signs of that user's sessions alone.",
  signs: [
    { fact: "presence", weight: 1 },
    { fact: "about:ghost-gone-beside-survivor", weight: 5 },
    { fact: "about:ghost-gone-from-empty-room", weight: -5 },
    { fact: "about:vanished-user-gone", weight: -2 },
    { fact: "about:present-on-every-instance", weight: -3 },
  ],
  caughtBy: { scenario: "presence-churn", check: "presence" },
  apply: (healthy) => ({ ...healthy, signRenews: () => "the whole room" }),
};

export default defect;
