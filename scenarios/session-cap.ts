import { chatBounds, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import { beside, eventually } from "./model/exam-parts.ts";
import { type Examiner, NotConnected, type Peer } from "./model/examiner.ts";
import { metricOverAll } from "./model/metrics-page.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const params = { ...quietChat, examiners: 1, sessionsMax: 5, attempts: 12, slotTtlMs: 3_000 };
type Cap = typeof params;

/** The instance that is killed is the second one. */
const VICTIM = 1;
const KILL_AFTER_MS = 5_000;
const DOWN_MS = 4_000;
/** Where an instance counted for itself meanwhile (B158), it was no question about the cap. */
const TRIES = 3;
/** For a machine that is busy. */
const MARGIN_MS = 4_000;

const asks = [
  {
    about: "cap-holds-on-one-instance",
    invariant: "INV-LIMIT",
    expected: "one user has no more sessions than allowed, all of them on one instance",
  },
  {
    about: "cap-holds-across-instances",
    invariant: "INV-LIMIT",
    expected: "one user has no more sessions than allowed, counted over all instances",
  },
  {
    about: "over-the-cap-told",
    invariant: "INV-REJECT",
    expected: "a session too many gets an ERROR that says so",
  },
  {
    about: "slot-returns-after-leave",
    invariant: "INV-RECOVER",
    expected: "after one session has left another one is let in",
  },
  {
    about: "slots-return-after-crash",
    invariant: "INV-RECOVER",
    expected: "the sessions of a killed instance do not count any more once its life has run out",
  },
] as const;

/** C35: how many sessions one user may have, and that they come back when an instance dies. */
export default defineScenario({
  name: "session-cap",
  summary:
    "one user opens far more sessions than allowed, on one instance, on several, and after one of them died",
  requirement: ["C35"],
  params,
  explain: {
    ...chatExplain,
    examiners: "clients that open too many sessions, each as users of its own",
    sessionsMax: "sessions of one user that the server allows, over all instances",
    attempts: "sessions that one user tries to open at once",
    slotTtlMs: "after which the sessions of a dead instance do not count any more, ms",
  },
  bounds: {
    ...chatBounds,
    holdMs: [16_000, 3_600_000],
    examiners: [1, 5],
    sessionsMax: [1, 20],
    attempts: [2, 100],
    slotTtlMs: [1_000, 60_000],
  },
  checks: [...quietChecks, "rate-limits", "refusals", "comes-back"],
  faults({ rampMs }) {
    const fromMs = chatWarmUpMs(rampMs) + KILL_AFTER_MS;
    return [`kill@${fromMs}ms..${fromMs + DOWN_MS}ms:server-${VICTIM + 1}`];
  },
  reference: ({ sessionsMax, slotTtlMs }) => ({
    MAX_SESSIONS_PER_USER: String(sessionsMax),
    SLOT_TTL_MS: String(slotTtlMs),
  }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function examiner(given: Cap): ExamRole {
  return {
    load: examinersAfter(given.rampMs, given.examiners),
    asks,
    async exam(examiner) {
      if (examiner.endpoints < 2) return;
      await beside(crash(examiner, given), caps(examiner, given));
    },
  };
}

/** All before the kill. */
async function caps(examiner: Examiner, given: Cap): Promise<void> {
  const here = Array.from({ length: given.attempts }, () => 0);
  await capHolds(examiner, given, "cap-holds-on-one-instance", here);
  const spread = here.map((_, n) => n % examiner.endpoints);
  await capHolds(examiner, given, "cap-holds-across-instances", spread);
}

/** B160, B161. */
async function capHolds(
  examiner: Examiner,
  { sessionsMax }: Cap,
  about: "cap-holds-on-one-instance" | "cap-holds-across-instances",
  at: readonly number[],
): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const user = `${about}-${examiner.client.number}-${tries}`;
    const alone = await metricOverAll(examiner, "counted_alone_total", { what: "session" });
    const tried = await Promise.all(at.map((endpoint) => tryToConnect(examiner, endpoint, user)));
    const open = tried.flatMap(({ peer }) => peer ?? []);
    if ((await metricOverAll(examiner, "counted_alone_total", { what: "session" })) > alone) {
      await beside(...open.map((peer) => peer.leave()));
      continue;
    }
    const seen = `${open.length} of ${at.length} let in, where ${sessionsMax} may be`;
    examiner.observe(about, { holds: open.length > 0 && open.length <= sessionsMax, seen });
    // A handshake that failed says nothing about the cap.
    const refusals = tried
      .flatMap(({ refusal }) => refusal ?? [])
      .filter((why) => !/handshake|status/.test(why));
    if (refusals.length > 0) {
      const untold = refusals.filter((why) => !/^ERROR .*sessions/.test(why));
      examiner.observe("over-the-cap-told", {
        holds: untold.length === 0,
        seen: untold[0] ?? (refusals[0] as string),
      });
      await slotReturns(examiner, open, user);
    }
    await beside(...open.map((peer) => peer.leave()));
    return;
  }
}

async function slotReturns(examiner: Examiner, open: Peer[], user: string): Promise<void> {
  const leaving = open.shift();
  if (leaving === undefined) return;
  await leaving.leave();
  examiner.observe("slot-returns-after-leave", await letIn(examiner, 0, user, open));
}

/** Tries for a while; what is let in joins the others. */
async function letIn(examiner: Examiner, at: number, user: string, open: Peer[], withinMs = MARGIN_MS) {
  const fromMs = examiner.nowMs();
  let last = "";
  const holds = await eventually(
    examiner,
    async () => {
      const { peer, refusal } = await tryToConnect(examiner, at, user);
      last = refusal ?? "let in";
      if (peer) open.push(peer);
      return peer !== undefined;
    },
    withinMs,
  );
  return { holds, seen: `${last} after ${Math.round(examiner.nowMs() - fromMs)} ms` };
}

/** B163: all slots of a user are on the instance that dies. */
async function crash(examiner: Examiner, { sessionsMax, slotTtlMs }: Cap): Promise<void> {
  const user = `crashed-${examiner.client.number}`;
  const tried = await Promise.all(
    Array.from({ length: sessionsMax }, () => tryToConnect(examiner, VICTIM, user)),
  );
  const [first] = tried;
  if (first?.peer === undefined || tried.some(({ peer }) => peer === undefined)) return;
  const died = await first.peer.ended(KILL_AFTER_MS + MARGIN_MS);
  if (died === undefined) return;
  const open: Peer[] = [];
  const withinMs = slotTtlMs * examiner.timeScale + MARGIN_MS;
  examiner.observe("slots-return-after-crash", await letIn(examiner, 0, user, open, withinMs));
  await beside(...open.map((peer) => peer.leave()));
}

async function tryToConnect(
  examiner: Examiner,
  at: number,
  user: string,
): Promise<{ readonly peer?: Peer; readonly refusal?: string }> {
  try {
    return { peer: await examiner.connect({ at, user }) };
  } catch (error) {
    if (error instanceof NotConnected) return { refusal: error.message };
    throw error;
  }
}
