import { chatBounds, chatChecks, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import { lookUntil } from "./model/exam-parts.ts";
import { type Examiner, NotConnected, type Peer } from "./model/examiner.ts";
import { quietChat } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

/** The budget of INV-REAP: dead after 1.5 intervals, noticed by the next tick. */
const REAPED_INTERVALS = 2;
/** A late beat comes after this many intervals: later than promised, sooner than dead (1.5, A54). */
const LATE_INTERVALS = 1.25;
/** If our own clock made it this late, it proves nothing. */
const TOO_LATE_INTERVALS = 1.4;
/** For the presence to be told (A117, I90), and for a machine that is busy. */
const PATIENCE_MS = 4_000;

const params = {
  ...quietChat,
  holdMs: 18_000,
  zombies: 5,
  heartbeatMs: 4_000,
};
type Zombies = typeof params;

const asksOfZombies = [
  {
    about: "silent-client-reaped",
    invariant: "INV-REAP",
    expected: "a client that vanished without a word is let go within 2 intervals of its heart-beat",
  },
  {
    about: "silent-user-left-presence",
    invariant: "INV-PRESENCE",
    expected: "and its user is no longer listed in the room",
  },
  {
    about: "neighbour-stays-present",
    invariant: "INV-PRESENCE",
    expected: "a user of the same room who is still there is listed",
  },
] as const;

const asksOfQuiet = [
  {
    about: "quiet-client-lives",
    invariant: "INV-CLOSE",
    expected: "a client that says nothing but its heart-beats stays connected",
  },
  {
    about: "late-beat-tolerated",
    invariant: "INV-CLOSE",
    expected: `a heart-beat that comes after ${LATE_INTERVALS} intervals costs nobody the connection`,
  },
] as const;

/**
 * C18: clients that go into a tunnel, their sockets open and silent; and beside them (C16, with no proxy in the path)
 * clients that are only quiet. Compressed: beats of 4 s in place of 25 s.
 */
export default defineScenario({
  name: "half-open-zombies",
  summary: "clients that vanish without a word are let go in time, and clients that are only quiet are not",
  requirement: ["C18", "C16"],
  params,
  explain: {
    ...chatExplain,
    zombies: "connections that neither read nor write any more",
    heartbeatMs: "the heart-beat of both sides, as the reference server is told (HEARTBEAT_MS)",
  },
  bounds: {
    ...chatBounds,
    holdMs: [12_000, 3_600_000],
    zombies: [1, 1_000],
    heartbeatMs: [1_000, 60_000],
  },
  // How fast a chat is is not what this is about, and its phases are too short to judge a busy machine by.
  checks: [...chatChecks.filter((check) => check !== "delivery-p99"), "reaping", "presence", "orderly-close"],
  reference: ({ heartbeatMs }) => ({ HEARTBEAT_MS: String(heartbeatMs) }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), zombie: zombies(given), quiet: quiet(given) }),
});

function zombies(given: Zombies): ExamRole {
  return {
    load: { kind: "constant", clients: 1, atMs: chatWarmUpMs(given.rampMs) },
    asks: asksOfZombies,
    async exam(examiner) {
      const { user } = examiner.client;
      const room = `tunnel-${user}`;
      const beat = [given.heartbeatMs, given.heartbeatMs] as const;
      const neighbour = await examiner.connect({ beat });
      await neighbour.subscribe(`/topic/room.${room}`);
      const gone = await Promise.all(
        Array.from({ length: given.zombies }, async (_, n) => {
          const peer = await examiner.connect({ at: n % examiner.endpoints, user: `${user}-${n}`, beat });
          await peer.subscribe(`/topic/room.${room}`);
          return peer;
        }),
      );
      const names = gone.map((_, n) => `${user}-${n}`);
      // Who was never seen there cannot be seen to leave.
      const asked = { examiner, room, user };
      if (!(await becomes(asked, (users) => names.every((name) => users.includes(name)), PATIENCE_MS)))
        return;
      for (const peer of gone) {
        peer.fallSilent();
        peer.raw.read("never");
      }
      await reaped(asked, { given, gone, names, neighbour });
    },
  };
}

interface Asked {
  readonly examiner: Examiner;
  readonly room: string;
  readonly user: string;
}

interface Tunnel {
  readonly given: Zombies;
  readonly gone: readonly Peer[];
  readonly names: readonly string[];
  readonly neighbour: Peer;
}

async function reaped(asked: Asked, { given, gone, names, neighbour }: Tunnel): Promise<void> {
  const { examiner, user } = asked;
  const fromMs = examiner.nowMs();
  const budgetMs = REAPED_INTERVALS * given.heartbeatMs + PATIENCE_MS;
  const last = await becomes(asked, (users) => !names.some((name) => users.includes(name)), budgetMs);
  await examiner.until(fromMs + REAPED_INTERVALS * given.heartbeatMs);
  const users = last ?? (await present(asked));
  if (users) {
    const left = names.filter((name) => users.includes(name));
    const tookMs = Math.round(examiner.nowMs() - fromMs);
    examiner.observe("silent-user-left-presence", {
      holds: left.length === 0,
      seen: `${left.length} of ${names.length} users are listed ${tookMs} ms after they fell silent`,
    });
    if (!neighbour.closed) {
      const holds = users.includes(user);
      examiner.observe("neighbour-stays-present", { holds, seen: `listed: ${users.join(", ") || "nobody"}` });
    }
  }
  // What lies unread in the socket says whether the server has let go of it.
  for (const peer of gone) peer.raw.read("freely");
  const ends = await Promise.all(gone.map((peer) => peer.ended(PATIENCE_MS)));
  for (const [n, end] of ends.entries()) {
    const peer = gone[n];
    const afterMs = Math.round(examiner.nowMs() - fromMs);
    examiner.observe("silent-client-reaped", {
      holds: end !== undefined,
      seen: end ? `close ${end.code} ${end.reason}` : `still open ${afterMs} ms after it fell silent`,
      server: peer?.server,
    });
  }
}

/** Who is in the room once that is so; undefined when it did not become so in time. */
async function becomes(
  asked: Asked,
  isSo: (users: readonly string[]) => boolean,
  withinMs: number,
): Promise<readonly string[] | undefined> {
  const areSo = (users: readonly string[] | undefined) => users !== undefined && isSo(users);
  const last = await lookUntil(asked.examiner, () => present(asked), areSo, withinMs);
  return areSo(last) ? last : undefined;
}

/** Undefined where the server cannot say. */
async function present({ examiner, room, user }: Asked): Promise<readonly string[] | undefined> {
  const { status, body } = await examiner.http({
    path: `/api/rooms/${room}/presence`,
    headers: { authorization: `Bearer ${examiner.token({ sub: user })}` },
  });
  return status === 200 ? (JSON.parse(body) as { users: string[] }).users : undefined;
}

function quiet(given: Zombies): ExamRole {
  return {
    load: { kind: "constant", clients: 3, atMs: chatWarmUpMs(given.rampMs) },
    asks: asksOfQuiet,
    async exam(examiner) {
      await Promise.all([beats(examiner, given), beatsLate(examiner, given)]);
    },
  };
}

/** Says nothing but its heart-beats, at the interval that was agreed. */
async function beats(examiner: Examiner, { heartbeatMs }: Zombies): Promise<void> {
  const peer = await examiner.connect({ beat: [heartbeatMs, heartbeatMs] });
  const end = await peer.ended(3 * heartbeatMs);
  examiner.observe("quiet-client-lives", {
    holds: end === undefined,
    seen: end ? `close ${end.code} ${end.reason}` : `open after ${3 * heartbeatMs} ms`,
    server: peer.server,
  });
  await peer.leave();
}

async function beatsLate(examiner: Examiner, given: Zombies): Promise<void> {
  for (let late = "unproven"; late === "unproven"; ) {
    try {
      late = await beatLate(examiner, given);
    } catch (error) {
      // The run is over, or the server has other troubles.
      if (error instanceof NotConnected) return;
      throw error;
    }
    if (examiner.nowMs() > given.rampMs + given.holdMs) return;
  }
}

/** Two beats, each late by a quarter of the interval. */
async function beatLate(examiner: Examiner, { heartbeatMs }: Zombies): Promise<"seen" | "unproven"> {
  const user = `${examiner.client.user}-late`;
  const peer = await examiner.connect({ user, beat: [heartbeatMs, heartbeatMs] });
  peer.fallSilent();
  let lastMs = examiner.nowMs();
  for (let beat = 0; beat < 2; beat++) {
    const end = await peer.ended(LATE_INTERVALS * heartbeatMs - (examiner.nowMs() - lastMs));
    const gapMs = Math.round(examiner.nowMs() - lastMs);
    if (!end && gapMs > TOO_LATE_INTERVALS * heartbeatMs) {
      await peer.leave();
      return "unproven";
    }
    if (end) {
      const seen = `close ${end.code} ${end.reason} ${Math.round(end.atMs - lastMs)} ms after the last beat`;
      const holds = end.atMs - lastMs > TOO_LATE_INTERVALS * heartbeatMs;
      if (holds) return "unproven";
      examiner.observe("late-beat-tolerated", { holds, seen, server: peer.server });
      return "seen";
    }
    peer.raw.sendFrame({ opcode: 1, payload: HEART_BEAT });
    lastMs = examiner.nowMs();
  }
  const end = await peer.ended(heartbeatMs / 2);
  examiner.observe("late-beat-tolerated", {
    holds: end === undefined,
    seen: end
      ? `close ${end.code} ${end.reason}`
      : `open after beats ${LATE_INTERVALS * heartbeatMs} ms apart`,
    server: peer.server,
  });
  await peer.leave();
  return "seen";
}

/** An end of line, as STOMP beats. */
const HEART_BEAT = Uint8Array.of(10);
