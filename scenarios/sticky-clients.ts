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

/** The baseline that the rest is compared with. */
const BASELINE_MS = 4_000;
/** Longer than full jitter spreads the first retries: nobody comes back to the dead one. */
const DOWN_MS = 10_000;
/** Then it is there again, and empty; by the end of this everybody's connection was a good one, and back-off begins anew. */
const AGAIN_MS = 9_000;
/** The balancer's old workers end, with all connections; new ones are taken all the time. */
const RELOAD_MS = 2_000;

/**
 * C52: one instance dies and its users go elsewhere; it comes back; then the balancer is reloaded, so that everybody
 * comes in anew. Without affinity that spreads them evenly again. With it each goes back to where it was, and the one
 * that died stays empty until cookies run out.
 */
export default defineScenario({
  name: "sticky-clients",
  summary: "an instance dies and comes back, then everybody must reconnect: are they spread evenly again?",
  requirement: ["C52"],
  balancer: "round-robin",
  params: { ...chatParams, rampMs: 4_000, holdMs: 48_000, publishEveryMs: 2_000 },
  explain: {
    ...chatExplain,
    clients: "users, each with one connection through the balancer, and with the cookies it was given",
    holdMs: "time for which they publish; the instance dies after the first 6 s of it",
  },
  bounds: { ...chatBounds, holdMs: [46_000, 3_600_000] },
  checks: [...chatChecks, "balance"],
  faults({ rampMs }) {
    const fromMs = chatWarmUpMs(rampMs) + BASELINE_MS;
    const anewMs = fromMs + DOWN_MS + AGAIN_MS;
    return [
      `kill@${fromMs}ms..${fromMs + DOWN_MS}ms:server-any`,
      `balancer-reload@${anewMs}ms..${anewMs + RELOAD_MS}ms:balancer,graceMs=0`,
    ];
  },
  timing: chatTiming,
  roles: (params) => ({ chatter: chatters(params) }),
});
