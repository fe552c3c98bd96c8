import type { Defect } from "../defect.ts";

/** `SREM presence:{room} {user}` on every disconnect, however many sessions the user has. */
const defect: Defect = {
  name: "presence-multi-tab-offline",
  summary:
    "presence counts users without their sessions: who closes one of several tabs is gone for everybody",
  requirement: ["B94"],
  wave: 1,
  inProduction:
    "People who are typing are shown as offline; it began when they closed a second tab or their phone lost its network, and a beat later they are back.",
  remedy: "Keep a user's sessions per room and take the user out with the last one.",
  signs: [
    { fact: "presence", weight: 1 },
    { fact: "about:user-stays-while-tabs-remain", weight: 5 },
    { fact: "about:user-leaves-with-last-tab", weight: -3 },
    { fact: "about:every-tab-gets-private-message", weight: -2 },
  ],
  caughtBy: { scenario: "multi-tab", check: "presence" },
  apply: (healthy) => ({ ...healthy, hasLeft: () => true }),
};

export default defect;
