import { chat, REPLY_QUEUE, sendAnswered } from "./model/answered-send.ts";
import { chatBounds, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import { beside, eventually } from "./model/exam-parts.ts";
import type { Examiner, Peer } from "./model/examiner.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const params = { ...quietChat, holdMs: 18_000, examiners: 1, heartbeatMs: 2_000, stalledMs: 5_000, sends: 5 };
type Stall = typeof params;

/** The instance that stands still is the second one. */
const VICTIM = 1;
/** The baseline, with some beats in it. */
const STALL_AFTER_MS = 5_000;
/** A client may take its server for dead after so many intervals without anything (A54). */
const DEAD_AFTER_INTERVALS = 1.5;
/** For a machine that is busy. */
const MARGIN_MS = 4_000;
/** A health check of a balancer waits no longer. */
const HEALTH_WITHIN_MS = 1_000;

const asks = [
  {
    about: "stall-shows-in-beats",
    invariant: "INV-CLOSE",
    expected:
      "a client of the instance that stands still gets nothing for 1.5 intervals and more, and can know it",
  },
  {
    about: "health-agrees-after-stall",
    invariant: "INV-HEALTH",
    expected: "the instance that goes on serves, and says that it is ready",
  },
  {
    about: "others-beat-on",
    invariant: "INV-FAIR",
    expected: "clients of the other instances get their beats",
  },
  {
    about: "clients-not-blamed-for-stall",
    invariant: "INV-CLOSE",
    expected: "when it goes on, the instance does not close the clients that it has not heard itself",
  },
  {
    about: "stall-caught-up",
    invariant: "INV-LOSS",
    expected: "when it goes on, its clients get what was said meanwhile",
  },
] as const;

/** C56: an instance stands still with all its sockets open, for longer than its clients must wait to notice. */
export default defineScenario({
  name: "stall-and-deadlock",
  summary: "an instance stands still: its clients can tell by its beats, and it goes on as it was",
  requirement: ["C56"],
  params,
  explain: {
    ...chatExplain,
    examiners: "clients on the instance that stands still and beside it",
    heartbeatMs: "what the server offers and wants, ms",
    stalledMs: "for how long the instance stands still, ms; longer than 1.5 heartbeatMs and a margin",
    sends: "messages that are said to its clients meanwhile",
  },
  bounds: {
    ...chatBounds,
    holdMs: [16_000, 3_600_000],
    examiners: [1, 5],
    heartbeatMs: [1_000, 25_000],
    stalledMs: [3_000, 60_000],
    sends: [1, 10],
  },
  checks: [...quietChecks, "orderly-close", "health-endpoints", "fairness", "catch-up"],
  faults({ rampMs, stalledMs }) {
    const fromMs = stallMs({ rampMs });
    return [`freeze@${fromMs}ms..${fromMs + stalledMs}ms:server-${VICTIM + 1}`];
  },
  reference: ({ heartbeatMs }) => ({ HEARTBEAT_MS: String(heartbeatMs) }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function stallMs({ rampMs }: Pick<Stall, "rampMs">): number {
  return chatWarmUpMs(rampMs) + STALL_AFTER_MS;
}

function examiner(given: Stall): ExamRole {
  return {
    load: examinersAfter(given.rampMs, given.examiners),
    asks,
    async exam(examiner) {
      if (examiner.endpoints < 2) return;
      const { number } = examiner.client;
      const room = `exam-stall-${number}`;
      const beatMs = Math.max(1, Math.round(given.heartbeatMs * examiner.timeScale));
      const enter = async (who: string, at: number, topics: readonly string[]) => {
        const peer = await examiner.connect({ at, user: `${who}-${number}`, beat: [beatMs, beatMs] });
        for (const topic of topics) await peer.subscribe(topic);
        return peer;
      };
      const stalled = await enter("stalled", VICTIM, [`/topic/room.${room}`, REPLY_QUEUE]);
      const neighbour = await enter("neighbour", 0, [REPLY_QUEUE]);
      await examiner.until(stallMs(given));
      if (!(await standsStill(examiner, beatMs, given))) return;
      const thawMs = stallMs(given) + given.stalledMs;
      const said = await speak(examiner, neighbour, room, given.sends);
      await examiner.until(thawMs);
      await beside(
        beats(examiner, [stalled, neighbour], beatMs, given),
        goesOn(examiner, stalled, room, said),
      );
    },
  };
}

/** False where the instance answers on, so that the fault is not in force; looked at while there is time for the rest. */
function standsStill(examiner: Examiner, beatMs: number, given: Stall): Promise<boolean> {
  const lookUntilMs = stallMs(given) + given.stalledMs - beatMs - HEALTH_WITHIN_MS;
  return eventually(
    examiner,
    async () => (await healthOf(examiner)) === undefined,
    lookUntilMs - examiner.nowMs(),
  );
}

function healthOf(examiner: Examiner): Promise<number | undefined> {
  return examiner.http({ at: VICTIM, path: "/health/ready", withinMs: HEALTH_WITHIN_MS }).then(
    ({ status }) => status,
    () => undefined,
  );
}

async function speak(examiner: Examiner, peer: Peer, room: string, sends: number): Promise<string[]> {
  const said: string[] = [];
  for (let n = 0; n < sends; n++) {
    const text = `while-it-stood-${examiner.client.number}-${n}-`;
    const { how } = await sendAnswered(examiner, peer, `/app/chat.send/${room}`, chat(text));
    if (how === "confirmed") said.push(text);
  }
  return said;
}

/** The longest time without anything from the server, of what came around the stall. */
function longestSilenceMs({ frames, beats }: Peer, fromMs: number, toMs: number): number {
  const heard = [...frames.map(({ atMs }) => atMs), ...beats]
    .filter((atMs) => atMs >= fromMs && atMs <= toMs)
    .sort((a, b) => a - b);
  const times = [fromMs, ...heard, toMs];
  return Math.max(...times.map((atMs, n) => atMs - (times[n - 1] ?? atMs)));
}

async function beats(
  examiner: Examiner,
  [stalled, other]: readonly [Peer, Peer],
  beatMs: number,
  given: Stall,
): Promise<void> {
  const thawMs = stallMs(given) + given.stalledMs;
  const fromMs = stallMs(given) - 2 * beatMs;
  const [silent, lively] = [stalled, other].map((peer) => Math.round(longestSilenceMs(peer, fromMs, thawMs)));
  examiner.observe("stall-shows-in-beats", {
    holds: (silent as number) > beatMs * DEAD_AFTER_INTERVALS,
    seen: `nothing for ${silent} ms at an interval of ${beatMs} ms`,
    server: stalled.server,
  });
  examiner.observe("others-beat-on", {
    holds: (lively as number) <= beatMs * DEAD_AFTER_INTERVALS + MARGIN_MS,
    seen: `at most ${lively} ms without anything at an interval of ${beatMs} ms`,
    server: other.server,
  });
}

async function goesOn(
  examiner: Examiner,
  stalled: Peer,
  room: string,
  said: readonly string[],
): Promise<void> {
  // It answers again: then it has had the time to close whom it blames.
  const { how } = await sendAnswered(examiner, stalled, `/app/chat.send/${room}`, chat("are you there?"));
  await stalled.ended(MARGIN_MS);
  const { closed } = stalled;
  const status = await healthOf(examiner);
  examiner.observe("health-agrees-after-stall", {
    holds: status === 200 && how === "confirmed",
    seen: `ready: ${status ?? "no answer"}, SEND: ${how}`,
    server: stalled.server,
  });
  examiner.observe("clients-not-blamed-for-stall", {
    holds: closed === undefined && how === "confirmed",
    seen: closed ? `close ${closed.code}: ${closed.reason}` : `open, SEND ${how}`,
    server: stalled.server,
  });
  if (said.length === 0 || closed !== undefined) return;
  const got = said.filter((text) => stalled.frames.some(({ body }) => body.includes(text)));
  examiner.observe("stall-caught-up", {
    holds: got.length === said.length,
    seen: `${got.length} of ${said.length} messages that were confirmed meanwhile`,
    server: stalled.server,
  });
}
