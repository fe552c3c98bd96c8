import { type AnsweredSend, chat, REPLY_QUEUE, sendAnswered } from "./model/answered-send.ts";
import { chatBounds, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import { beside, eventually } from "./model/exam-parts.ts";
import type { Examiner, Peer } from "./model/examiner.ts";
import { metricOf } from "./model/metrics-page.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const params = {
  ...quietChat,
  examiners: 1,
  poolMax: 5,
  capacity: 20,
  flooders: 6,
  lockedMs: 5_000,
};
type Exhaustion = typeof params;

/** After the warm-up: the examiner's connections and a first message come before. */
const LOCK_AFTER_MS = 4_000;
/** As many as the server takes of one user at once (A67). */
const SENDS_EACH = 10;
/** A SEND that is not answered for so long waits for the store. */
const HANGS_AFTER_MS = 1_200;
/** For how long it is watched what waits: less than a statement's own deadline of 2 s, after which all are refused. */
const WATCHED_MS = 1_500;
const LOOK_EVERY_MS = 150;
/** For what takes no time on an idle machine. */
const WITHIN_MS = 5_000;
/** With the server's deadlines for a statement and a place in the queue. */
const TOLD_WITHIN_MS = 10_000;

const asks = [
  {
    about: "waiting-work-bounded",
    invariant: "INV-BOUND",
    expected: "while the store hangs no more messages wait for it than the queue may hold",
  },
  {
    about: "every-send-told",
    invariant: "INV-REJECT",
    expected: "each SEND is confirmed or refused: none is dropped in silence",
  },
  {
    about: "live-while-store-hangs",
    invariant: "INV-HEALTH",
    expected: "liveness says 200 while the store hangs",
  },
  {
    about: "connects-while-store-hangs",
    invariant: "INV-FAIR",
    expected: "what needs no store works on: a user connects and subscribes",
  },
  {
    about: "accepts-again",
    invariant: "INV-RECOVER",
    expected: "once the store answers again messages are confirmed again",
  },
] as const;

/** C48: a lock on the table holds every connection of a small pool, and more comes than may wait for one. */
export default defineScenario({
  name: "db-pool-exhaustion",
  summary:
    "a lock holds all of the database pool while users send on: what waits is bounded, the rest is refused",
  requirement: ["C48"],
  params,
  explain: {
    ...chatExplain,
    examiners: "clients that send more than fits",
    poolMax: "connections of one instance to the database",
    capacity: "messages that may wait for the database on one instance",
    flooders: "users on one instance who send at once, as much as each of them may",
    lockedMs: "how long the lock lasts, ms",
  },
  bounds: {
    ...chatBounds,
    // The lock, and a look at what comes after it.
    holdMs: [14_000, 3_600_000],
    examiners: [1, 1],
    poolMax: [1, 50],
    capacity: [10, 500],
    flooders: [2, 200],
    lockedMs: [4_000, 60_000],
  },
  checks: [...quietChecks, "bounds", "refusals", "health-endpoints", "fairness", "comes-back"],
  faults({ rampMs, lockedMs }) {
    const fromMs = lockMs({ rampMs });
    return [`pg-lock-table@${fromMs}ms..${fromMs + lockedMs}ms:postgres,mode=SHARE`];
  },
  reference: ({ poolMax, capacity }) => ({ DB_POOL_MAX: String(poolMax), WORK_CAPACITY: String(capacity) }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function lockMs({ rampMs }: Pick<Exhaustion, "rampMs">): number {
  return chatWarmUpMs(rampMs) + LOCK_AFTER_MS;
}

function examiner(given: Exhaustion): ExamRole {
  return {
    load: examinersAfter(given.rampMs, given.examiners),
    asks,
    async exam(examiner) {
      const enter = async (user: string) => {
        const peer = await examiner.connect({ at: 0, user });
        await peer.subscribe(REPLY_QUEUE);
        return peer;
      };
      const probe = await enter("probe");
      const flooders = await Promise.all(
        Array.from({ length: given.flooders }, (_, n) => enter(`flooder-${n}`)),
      );
      if ((await say(examiner, probe)).how !== "confirmed") return;
      await examiner.until(lockMs(given));
      if (!(await hangs(examiner, probe, given))) return;
      await whileItHangs(examiner, flooders, given);
      await acceptsAgain(examiner, probe);
    },
  };
}

function say(examiner: Examiner, peer: Peer, withinMs = TOLD_WITHIN_MS): Promise<AnsweredSend> {
  return sendAnswered(examiner, peer, "/app/chat.send/exam-pool", chat("is there room?"), withinMs);
}

/** Is the lock in force? In time for what is to be seen while it is. */
function hangs(examiner: Examiner, probe: Peer, given: Exhaustion): Promise<boolean> {
  const untilMs = lockMs(given) + given.lockedMs - WATCHED_MS - HANGS_AFTER_MS;
  return eventually(
    examiner,
    async () => {
      if (examiner.nowMs() >= untilMs) return false;
      return (await say(examiner, probe, HANGS_AFTER_MS)).how !== "confirmed";
    },
    untilMs - examiner.nowMs(),
  );
}

async function whileItHangs(
  examiner: Examiner,
  flooders: readonly Peer[],
  { capacity }: Exhaustion,
): Promise<void> {
  const flood = Promise.all(
    flooders.flatMap((peer) => Array.from({ length: SENDS_EACH }, () => say(examiner, peer))),
  );
  await beside(depth(examiner, capacity), liveness(examiner), connects(examiner), told(examiner, flood));
}

/** B115: only where as much came as may wait. */
async function depth(examiner: Examiner, capacity: number): Promise<void> {
  let most = 0;
  const untilMs = examiner.nowMs() + WATCHED_MS;
  while (examiner.nowMs() < untilMs) {
    most = Math.max(most, (await metricOf(examiner, 0, "work_queue_depth", { queue: "persist" })) ?? 0);
    await examiner.sleep(LOOK_EVERY_MS);
  }
  if (most < capacity) return;
  examiner.observe("waiting-work-bounded", {
    holds: most <= capacity,
    seen: `${most} waited where ${capacity} may`,
    server: "server-1",
  });
}

async function liveness(examiner: Examiner): Promise<void> {
  const status = await examiner.http({ at: 0, path: "/health/live", withinMs: WITHIN_MS }).then(
    (answer) => answer.status,
    () => undefined,
  );
  examiner.observe("live-while-store-hangs", {
    holds: status === 200,
    seen: status === undefined ? `no answer within ${WITHIN_MS} ms` : `status ${status}`,
  });
}

async function connects(examiner: Examiner): Promise<void> {
  const seen = await examiner
    .connect({ at: 0, user: "newcomer" })
    .then((peer) => peer.subscribe("/topic/announcements"))
    .then(
      () => undefined,
      (error: Error) => error.message,
    );
  examiner.observe("connects-while-store-hangs", {
    holds: seen === undefined,
    seen: seen ?? "connected and subscribed",
  });
}

/** B118. */
async function told(examiner: Examiner, flood: Promise<AnsweredSend[]>): Promise<void> {
  const answers = await flood;
  const counts = [...Map.groupBy(answers, ({ how }) => how)];
  examiner.observe("every-send-told", {
    holds: answers.every(({ how }) => how === "confirmed" || how === "refused" || how === "unknown"),
    seen: counts.map(([how, those]) => `${those.length} ${how}`).join(", "),
  });
}

async function acceptsAgain(examiner: Examiner, probe: Peer): Promise<void> {
  let last: AnsweredSend | undefined;
  const again = await eventually(
    examiner,
    async () => {
      last = await say(examiner, probe);
      return last.how === "confirmed";
    },
    TOLD_WITHIN_MS,
  );
  examiner.observe("accepts-again", { holds: again, seen: `${last?.how} ${last?.reason}`.trim() });
}
