import { chatBounds, chatChecks, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import { quietChat } from "./model/quiet-chat.ts";
import { defineScenario } from "./model/scenario.ts";

const BASELINE_MS = 3_000;
/** The window only says when it is looked whether it is back. */
const WINDOW_MS = 2_000;

/** C44: Redis comes back without anything of what it knew. */
export default defineScenario({
  name: "redis-restart",
  summary: "Redis crashes and comes back empty: every room's sequence goes on, nothing confirmed is lost",
  requirement: ["C44"],
  params: { ...quietChat, holdMs: 16_000 },
  explain: {
    ...chatExplain,
    holdMs: "time for which they publish; Redis crashes after the first 5 s of it",
  },
  bounds: { ...chatBounds, holdMs: [14_000, 3_600_000] },
  checks: chatChecks,
  // What is said while it starts comes when it is there, and the links to it half a second later (A96).
  limits: ["delivery-p99.fault=3000"],
  faults({ rampMs }) {
    const fromMs = chatWarmUpMs(rampMs) + BASELINE_MS;
    return [`redis-restart-empty@${fromMs}ms..${fromMs + WINDOW_MS}ms:redis`];
  },
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given) }),
});
