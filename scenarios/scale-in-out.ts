import {
  chatBounds,
  chatChecks,
  chatExplain,
  chatParams,
  chatTiming,
  chatters,
  chatWarmUpMs,
} from "./model/chat.ts";
import { defineScenario, type Role } from "./model/scenario.ts";

const params = {
  ...chatParams,
  clients: 60,
  visitors: 90,
  rampMs: 5_000,
  holdMs: 45_000,
  publishEveryMs: 3_000,
};
type Scaling = typeof params;

/** The baseline that the missing instance is compared with. */
const BASELINE_MS = 6_000;
/** For as long one of the instances is away: all of its users are somewhere else by then. */
const AWAY_MS = 10_000;
/** The last visitor comes so long before the end. */
const SPARE_MS = 5_000;

/**
 * C53: three instances, then two, then three again, while new users keep coming. A planned stop drops nobody without
 * notice, two instances carry all of it, and by the end the new one carries its share: WebSockets do not move by
 * themselves, so only whoever comes new can go there, and only if the balancer counts connections.
 */
export default defineScenario({
  name: "scale-in-out",
  summary: "an instance is taken away and brought back while users keep coming; it must get its share again",
  requirement: ["C53"],
  balancer: "least-connections",
  params,
  explain: {
    ...chatExplain,
    clients: "users who come at the start and stay, each with one connection",
    visitors: "users who keep coming, evenly, until shortly before the end, and stay",
  },
  bounds: { ...chatBounds, visitors: [1, 15_000], holdMs: [40_000, 3_600_000] },
  checks: [...chatChecks, "balance"],
  faults({ rampMs }) {
    const fromMs = chatWarmUpMs(rampMs) + BASELINE_MS;
    return [`terminate@${fromMs}ms..${fromMs + AWAY_MS}ms:server-any`];
  },
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), visitor: visitors(given) }),
});

function visitors(given: Scaling): Role {
  const overMs = given.rampMs + given.holdMs - SPARE_MS;
  return { ...chatters(given), load: { kind: "ramp", clients: given.visitors, overMs } };
}
