import { chatBounds, chatChecks, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import { lookUntil } from "./model/exam-parts.ts";
import type { Examiner } from "./model/examiner.ts";
import { quietChat } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const OPEN_FILES = "process_open_fds";
const CONNECTIONS = "websocket_connections_active";
const SUBSCRIPTIONS = "websocket_subscriptions_active";
/** What was closed may need a moment to be gone. */
const SETTLES_WITHIN_MS = 5_000;
/** Connections of a store's pool may come and go beside it. */
const SLACK_SHARE = 0.25;

const params = {
  ...quietChat,
  holdMs: 17_000,
  healthChecks: 40,
  sessions: 20,
};
type Soak = typeof params;

const asks = [
  {
    about: "health-checks-leave-nothing",
    invariant: "INV-LEAK",
    expected: "as many open files after many health checks as before",
  },
  {
    about: "health-checks-say-yes",
    invariant: "INV-HEALTH",
    expected: "each of them is answered 200",
  },
  {
    about: "sessions-leave-nothing",
    invariant: "INV-LEAK",
    expected: "as many connections and subscriptions after sessions came and went as before",
  },
] as const;

/**
 * C57, the short form: what repeats is repeated fast (ten minutes of health checks every 15 s within a few seconds, and
 * sessions that come and go), and what it leaves behind is counted by the server's own gauges.
 */
export default defineScenario({
  name: "soak-leak",
  summary: "health checks and short sessions by the dozen leave nothing open behind them",
  requirement: ["C57"],
  params,
  explain: {
    ...chatExplain,
    healthChecks: "readiness is asked so often on each instance, one after the other",
    sessions: "connect, subscribe and leave so often on each instance",
  },
  bounds: { ...chatBounds, holdMs: [10_000, 3_600_000], healthChecks: [20, 10_000], sessions: [5, 1_000] },
  // How fast a chat is is not what this is about, and its phases are too short to judge a busy machine by.
  checks: [...chatChecks.filter((check) => check !== "delivery-p99"), "leaks", "health-endpoints"],
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), user: users(given) }),
});

function users(given: Soak): ExamRole {
  return {
    load: { kind: "constant", clients: 3, atMs: chatWarmUpMs(given.rampMs) },
    asks,
    async exam(examiner) {
      const at = examiner.client.number % examiner.endpoints;
      await comeAndGo(examiner, at, given.sessions);
      await checkHealth(examiner, at, given.healthChecks);
    },
  };
}

async function checkHealth(examiner: Examiner, at: number, times: number): Promise<void> {
  const before = (await gauges(examiner, at))[OPEN_FILES];
  if (before === undefined) return;
  const statuses: number[] = [];
  for (let i = 0; i < times; i++) statuses.push((await examiner.http({ at, path: "/health/ready" })).status);
  const refused = statuses.filter((status) => status !== 200);
  const server = `server-${at + 1}`;
  examiner.observe("health-checks-say-yes", {
    holds: refused.length === 0,
    seen: `${refused.length} of ${times} not 200${refused.length > 0 ? `: ${refused[0]}` : ""}`,
    server,
  });
  const allowed = before + Math.ceil(times * SLACK_SHARE);
  const after = await settles(examiner, at, (now) => (now[OPEN_FILES] ?? Number.NaN) <= allowed);
  examiner.observe("health-checks-leave-nothing", {
    holds: after.isSo,
    seen: `${before} open files before ${times} checks, ${after.now[OPEN_FILES]} after`,
    server,
  });
}

async function comeAndGo(examiner: Examiner, at: number, times: number): Promise<void> {
  const before = await gauges(examiner, at);
  const [connections, subscriptions] = [before[CONNECTIONS], before[SUBSCRIPTIONS]];
  if (connections === undefined || subscriptions === undefined) return;
  for (let i = 0; i < times; i++) {
    const peer = await examiner.connect({ at });
    await peer.subscribe(`/topic/room.soak-${examiner.client.number}`);
    await peer.leave();
  }
  const after = await settles(
    examiner,
    at,
    (now) =>
      (now[CONNECTIONS] ?? Number.NaN) <= connections && (now[SUBSCRIPTIONS] ?? Number.NaN) <= subscriptions,
  );
  const { [CONNECTIONS]: nowOpen, [SUBSCRIPTIONS]: nowSubscribed } = after.now;
  examiner.observe("sessions-leave-nothing", {
    holds: after.isSo,
    seen: `connections ${connections} before, ${nowOpen} after; subscriptions ${subscriptions} before, ${nowSubscribed} after ${times} sessions`,
    server: `server-${at + 1}`,
  });
}

/** Until it is so, or the time is over. */
async function settles(
  examiner: Examiner,
  at: number,
  isSo: (now: Gauges) => boolean,
): Promise<{ readonly isSo: boolean; readonly now: Gauges }> {
  const now = await lookUntil(examiner, () => gauges(examiner, at), isSo, SETTLES_WITHIN_MS);
  return { isSo: isSo(now), now };
}

type Gauges = Readonly<Record<string, number | undefined>>;

/** The series without labels of an instance's own metrics. */
async function gauges(examiner: Examiner, at: number): Promise<Gauges> {
  const { body } = await examiner.http({ at, path: "/metrics" });
  return Object.fromEntries(
    [...body.matchAll(/^(\w+) ([\d.e+]+)$/gm)].map(([, name, value]) => [name, Number(value)]),
  );
}
