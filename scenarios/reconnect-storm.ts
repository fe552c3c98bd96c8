import {
  chatBounds,
  chatChecks,
  chatExplain,
  chatParams,
  chatTiming,
  chatters,
  chatWarmUpMs,
} from "./model/chat.ts";
import { defineScenario } from "./model/scenario.ts";

/** The baseline that the storm is compared with. */
const BASELINE_MS = 5_000;
/** How long the killed instance stays away. */
const DOWN_MS = 2_000;

/** C7: one instance dies under steady traffic and its users come back, all of them, to whoever is left. */
export default defineScenario({
  name: "reconnect-storm",
  summary: "one instance is killed under steady chat; its users must come back spread out, and lose nothing",
  requirement: ["C7", "C9"],
  params: { ...chatParams, clients: 150, rampMs: 5_000, holdMs: 31_000, publishEveryMs: 2_000 },
  explain: {
    ...chatExplain,
    clients: "users, each with one connection, dealt out evenly over the instances; a third of them storm",
    holdMs: "time for which they publish; the instance dies after the first 7 s of it",
    reconnect: "what a user does after a lost connection: this is what the scenario is about",
  },
  bounds: {
    ...chatBounds,
    // The kill, the 8 s over which full jitter spreads, one more attempt, and a look at the healed system.
    holdMs: [20_000, 3_600_000],
  },
  checks: [...chatChecks, "reconnect-spread"],
  faults({ rampMs }) {
    const fromMs = chatWarmUpMs(rampMs) + BASELINE_MS;
    return [`kill@${fromMs}ms..${fromMs + DOWN_MS}ms:server-any`];
  },
  timing: chatTiming,
  roles: (params) => ({ chatter: chatters(params) }),
});
