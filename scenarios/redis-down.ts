import { chatBounds, chatChecks, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import { lookUntil } from "./model/exam-parts.ts";
import type { Examiner, Peer } from "./model/examiner.ts";
import { quietChat } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const BASELINE_MS = 3_000;
const LOOK_EVERY_MS = 200;
/** For every connection to come back by itself (at most 0.5 s apart), and a machine that is busy. */
const READY_AGAIN_WITHIN_MS = 8_000;

const params = {
  ...quietChat,
  holdMs: 17_000,
  awayMs: 5_000,
};
type Away = typeof params;

const asks = [
  {
    about: "alive-without-redis",
    invariant: "INV-HEALTH",
    expected: "liveness says yes while readiness says that Redis is away",
  },
  {
    about: "ready-again-with-redis",
    invariant: "INV-HEALTH",
    expected: "readiness says yes again by itself",
  },
  {
    about: "sockets-survive-redis",
    invariant: "INV-CLOSE",
    expected: "no session ends because Redis is away",
  },
] as const;

/** C42: Redis is away from every instance for a while, under steady chat. */
export default defineScenario({
  name: "redis-down",
  summary: "no instance reaches Redis for some seconds: all stay alive and connected, and nothing is lost",
  requirement: ["C42"],
  params,
  explain: { ...chatExplain, awayMs: "how long no instance reaches Redis" },
  bounds: { ...chatBounds, holdMs: [12_000, 3_600_000], awayMs: [3_000, 600_000] },
  // How fast a chat is is not what this is about, and its phases are too short to judge a busy machine by.
  checks: [...chatChecks.filter((check) => check !== "delivery-p99"), "health-endpoints", "orderly-close"],
  faults({ rampMs, awayMs }) {
    const fromMs = chatWarmUpMs(rampMs) + BASELINE_MS;
    return [`cut@${fromMs}ms..${fromMs + awayMs}ms:server-all/redis`];
  },
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), watcher: watcher(given) }),
});

function watcher(given: Away): ExamRole {
  return {
    load: { kind: "constant", clients: 1, atMs: chatWarmUpMs(given.rampMs) },
    asks,
    async exam(examiner) {
      const instances = Array.from({ length: examiner.endpoints }, (_, at) => at);
      const peers = await Promise.all(
        instances.map((at) => examiner.connect({ at, user: `${examiner.client.user}-${at}` })),
      );
      const untilMs = given.rampMs + given.holdMs;
      await Promise.all(peers.map((peer, at) => watch(examiner, peer, at, untilMs)));
    },
  };
}

/** From when readiness first says that Redis is away until it is back. */
async function watch(examiner: Examiner, peer: Peer, at: number, untilMs: number): Promise<void> {
  const { server } = peer;
  let wasAway = false;
  for (let health = await askReady(examiner, at); ; health = await askReady(examiner, at)) {
    if (examiner.nowMs() >= untilMs) return;
    if (health.redis !== undefined) {
      wasAway = true;
      const { status } = await examiner.http({ at, path: "/health/live" });
      const seen = `/health/live: ${status}; /health/ready: ${health.status}, redis: ${health.redis}`;
      examiner.observe("alive-without-redis", { holds: status === 200, seen, server });
    } else if (wasAway) {
      break;
    }
    await examiner.sleep(LOOK_EVERY_MS);
  }
  const backMs = examiner.nowMs();
  const { status } = await lookUntil(
    examiner,
    () => askReady(examiner, at),
    (health) => health.status === 200,
    READY_AGAIN_WITHIN_MS,
  );
  const tookMs = Math.round(examiner.nowMs() - backMs);
  examiner.observe("ready-again-with-redis", {
    holds: status === 200,
    seen: `/health/ready: ${status} ${tookMs} ms after Redis answered it`,
    server,
  });
  examiner.observe("sockets-survive-redis", {
    holds: peer.closed === undefined,
    seen: peer.closed ? `close ${peer.closed.code} ${peer.closed.reason}` : "open",
    server,
  });
}

async function askReady(
  examiner: Examiner,
  at: number,
): Promise<{ readonly status: number; readonly redis: string | undefined }> {
  const { status, body } = await examiner.http({ at, path: "/health/ready" });
  const { reasons = {} } = JSON.parse(body) as { reasons?: Readonly<Record<string, string>> };
  return { status, redis: reasons.redis };
}
