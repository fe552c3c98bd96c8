import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "session-cap-leak",
  summary: "sessions of an instance that crashed count for ever",
  requirement: ["B163"],
  wave: 2,
  inProduction:
    "After a crash some users can never log in again: the system says that they have too many sessions, and they have none.",
  remedy: "Let each instance say that it lives, and count nothing of those that no longer do.",
  signs: [
    { fact: "comes-back", weight: 1 },
    { fact: "about:slots-return-after-crash", weight: 5 },
    { fact: "about:slot-returns-after-leave", weight: -3 },
  ],
  caughtBy: { scenario: "session-cap", check: "comes-back" },
  apply: (healthy) => ({ ...healthy, slotLifeMs: () => 86_400_000 }),
};

export default defect;
