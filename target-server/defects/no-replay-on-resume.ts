import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "no-replay-on-resume",
  summary: "the last sequence that a client names is ignored: it goes on with what is live",
  requirement: ["B51"],
  wave: 1,
  inProduction:
    "Whatever is said while somebody is in a tunnel is missing until the page is loaded again; both sides are sure that they sent it.",
  remedy: "Replay strictly after the sequence that the client names, then go live, in one step.",
  signs: [
    { fact: "about:resume-here", weight: 4 },
    { fact: "about:resume-elsewhere", weight: 3 },
    { fact: "about:gap-is-told", weight: 2 },
    { fact: "no-lost-message@baseline", weight: -3 },
  ],
  caughtBy: { scenario: "resume-replay", check: "catch-up" },
  apply: (healthy) => ({ ...healthy, resumeAfter: () => undefined }),
};

export default defect;
