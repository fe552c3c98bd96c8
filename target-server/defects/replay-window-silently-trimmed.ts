import type { Defect } from "../defect.ts";

const defect: Defect = {
  name: "replay-window-silently-trimmed",
  summary: "who missed more than is replayed gets what is left, and is not told that there was more",
  requirement: ["B55"],
  wave: 2,
  inProduction:
    "After a long absence the chat looks complete and is not: the oldest part of what was missed is left out without a word.",
  remedy: "Say first that there is a gap, from where to where, and where the rest can be read.",
  signs: [
    { fact: "about:gap-is-told", weight: 5 },
    { fact: "about:resume-here", weight: -4 },
    { fact: "about:resume-elsewhere", weight: -4 },
  ],
  caughtBy: { scenario: "resume-replay", check: "resumed-order" },
  apply: (healthy) => ({ ...healthy, tellsGap: () => false }),
};

export default defect;
