import type { Defect } from "../defect.ts";
import { messageId } from "../message.ts";

const defect: Defect = {
  name: "duplicates-on-resume",
  summary: "a replayed message gets a new id, so that no client can know that it had it already",
  requirement: ["B56"],
  wave: 2,
  inProduction: "After each reconnect the last messages are on the screen twice, with different ids.",
  remedy: "Give a message its id once, where it is accepted, and replay it under that id.",
  signs: [
    { fact: "about:replayed-under-its-own-id", weight: 5 },
    { fact: "about:resume-here", weight: -3 },
    { fact: "no-duplicate@baseline", weight: -2 },
  ],
  caughtBy: { scenario: "resume-replay", check: "once-only" },
  apply: (healthy) => ({ ...healthy, replayedId: () => messageId() }),
};

export default defect;
