import { chatBounds, chatExplain, chatParams, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import { defineScenario } from "./model/scenario.ts";

const BASELINE_MS = 3_000;

/**
 * C7, with an outage that lasts longer than it takes a back-off to reach its cap (B18). Compressed: 7 s, and delays of
 * up to 4 s, for an outage of a minute and delays of up to 30 s. Nobody is killed: the clients' links are cut, all of
 * them, so that each client tries again and again.
 */
export default defineScenario({
  name: "long-outage",
  summary:
    "nobody can connect for longer than a back-off takes to reach its cap; the retries must stay spread",
  requirement: ["C7"],
  params: {
    ...chatParams,
    clients: 60,
    rampMs: 3_000,
    holdMs: 21_000,
    publishEveryMs: 2_000,
    reconnect: "full-jitter-short",
    outageMs: 7_000,
  },
  explain: {
    ...chatExplain,
    clients: "users, each with one connection, dealt out evenly over the instances; all of them are cut off",
    reconnect: "what a user does after a lost connection: this is what the scenario is about",
    outageMs: "how long nobody can connect",
  },
  bounds: {
    ...chatBounds,
    // Up to the third retry of everybody.
    outageMs: [5_000, 600_000],
    holdMs: [16_000, 3_600_000],
  },
  // Nothing about messages: while nobody is connected there are none, and a check says nothing on no data. And not
  // reconnect-spread: 20 first retries of each instance over 4 s are too few to judge a second by.
  checks: ["generator-valid", "close-codes", "connects", "recovery-time", "retry-jitter"],
  faults({ rampMs, outageMs }) {
    const fromMs = chatWarmUpMs(rampMs) + BASELINE_MS;
    return [`cut@${fromMs}ms..${fromMs + outageMs}ms:server-all/clients`];
  },
  timing: chatTiming,
  roles: (params) => ({ chatter: chatters(params) }),
});
