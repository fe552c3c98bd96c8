import { chatBounds, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import { beside, eventually } from "./model/exam-parts.ts";
import type { Examiner } from "./model/examiner.ts";
import { isTold, presenceTopic, timesTold, usersIn } from "./model/presence-view.ts";
import { examinersAfter, quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const params = { ...quietChat, examiners: 1, presenceTtlMs: 3_000, heartbeatMs: 3_000, churners: 5 };
type Churn = typeof params;

/** The instance that is killed is the second one; the exam's survivors are elsewhere. */
const VICTIM = 1;
/** After the warm-up: what has to be set up before takes 2 s on an idle machine. */
const KILL_AFTER_MS = 5_000;
const DOWN_MS = 4_000;
/** The server looks for expired users at least this often, and collects what it tells of a room for as long (I90). */
const SWEEP_MS = 500;
/** A peer is dead after 1.5 intervals of silence (A54), looked at every tenth of one. */
const DEAD_AFTER_INTERVALS = 1.6;
/** For a machine that is busy: what is late by this much is late on purpose. */
const MARGIN_MS = 4_000;

const asks = [
  {
    about: "present-on-every-instance",
    invariant: "INV-PRESENCE",
    expected: "every instance lists who is in the room, whichever instance the user is on",
  },
  {
    about: "ghost-gone-beside-survivor",
    invariant: "INV-PRESENCE",
    expected:
      "a user of a killed instance leaves the room within its TTL and a sweep, also while others stay in it",
  },
  {
    about: "ghost-gone-from-empty-room",
    invariant: "INV-PRESENCE",
    expected: "a user of a killed instance leaves a room in which nobody else is, within its TTL and a sweep",
  },
  {
    about: "survivor-still-listed",
    invariant: "INV-PRESENCE",
    expected: "who stayed connected is listed all the same",
  },
  {
    about: "expiry-announced",
    invariant: "INV-PRESENCE",
    expected: "the room is told of the user whose presence ran out",
  },
  {
    about: "vanished-user-gone",
    invariant: "INV-PRESENCE",
    expected: "a user whose network went away is gone after 1.5 intervals of its beat",
  },
  {
    about: "one-announcement-per-change",
    invariant: "INV-PRESENCE",
    expected: "each coming and each going is told to the room exactly once",
  },
] as const;

/** C26: users come and go, one vanishes, and an instance dies with somebody left in the room. */
export default defineScenario({
  name: "presence-churn",
  summary:
    "users come, go and vanish and an instance is killed: who is listed is who is there, within the TTL",
  requirement: ["C26"],
  params,
  explain: {
    ...chatExplain,
    examiners: "clients that come, go, vanish and look",
    presenceTtlMs: "how long the users of a dead instance may be listed, ms",
    heartbeatMs: "what the server offers and wants, ms; a peer is dead after 1.5 of it",
    churners: "users who come and go, all at once, before the kill",
  },
  bounds: {
    ...chatBounds,
    // The kill, the TTL, and what follows from it.
    holdMs: [16_000, 3_600_000],
    examiners: [1, 10],
    presenceTtlMs: [1_000, 60_000],
    heartbeatMs: [1_000, 60_000],
    churners: [1, 20],
  },
  checks: [...quietChecks, "presence"],
  faults({ rampMs }) {
    const fromMs = killMs({ rampMs });
    return [`kill@${fromMs}ms..${fromMs + DOWN_MS}ms:server-${VICTIM + 1}`];
  },
  reference: ({ presenceTtlMs, heartbeatMs }) => ({
    PRESENCE_TTL_MS: String(presenceTtlMs),
    HEARTBEAT_MS: String(heartbeatMs),
  }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), examiner: examiner(given) }),
});

function examiner(given: Churn): ExamRole {
  return {
    load: examinersAfter(given.rampMs, given.examiners),
    asks,
    async exam(examiner) {
      // With one instance there is nobody left who could be asked.
      if (examiner.endpoints < 2) return;
      await beside(crash(examiner, given), vanish(examiner, given), churn(examiner, given));
    },
  };
}

/** B91, B92: a ghost in a room with a survivor, and one alone. */
async function crash(examiner: Examiner, given: Churn): Promise<void> {
  const { number } = examiner.client;
  const [shared, alone] = [`exam-shared-${number}`, `exam-alone-${number}`];
  const [survivor, ghost, lonely] = [`survivor-${number}`, `ghost-${number}`, `lonely-${number}`];

  const watching = await examiner.connect({ at: 0, user: survivor });
  await watching.subscribe(presenceTopic(shared));
  await watching.subscribe(`/topic/room.${shared}`);
  const dying = await examiner.connect({ at: VICTIM, user: ghost });
  await dying.subscribe(`/topic/room.${shared}`);
  const dyingAlone = await examiner.connect({ at: VICTIM, user: lonely });
  await dyingAlone.subscribe(`/topic/room.${alone}`);

  const views = new Map<string, readonly string[]>();
  const everywhere = await eventually(
    examiner,
    async () => {
      for (let at = 0; at < examiner.endpoints; at++) {
        views.set(`server-${at + 1}`, await usersIn(examiner, shared, at));
      }
      const wholeRoom = [...views.values()].every(
        (users) => users.includes(ghost) && users.includes(survivor),
      );
      return wholeRoom && (await usersIn(examiner, alone, 0)).includes(lonely);
    },
    MARGIN_MS,
  );
  // What was killed meanwhile could not be asked.
  if (!everywhere && dying.closed !== undefined) return;
  examiner.observe("present-on-every-instance", {
    holds: everywhere,
    seen: [...views].map(([server, users]) => `${server}: ${users.join(", ") || "nobody"}`).join("; "),
  });
  if (!everywhere) return;

  const died = await dying.ended(KILL_AFTER_MS + MARGIN_MS);
  if (died === undefined) return;
  const goneByMs = died.atMs + given.presenceTtlMs * examiner.timeScale + SWEEP_MS + MARGIN_MS;
  await beside(
    ghostGoes(examiner, "ghost-gone-beside-survivor", shared, ghost, died.atMs, goneByMs),
    ghostGoes(examiner, "ghost-gone-from-empty-room", alone, lonely, died.atMs, goneByMs),
  );
  const told = await isTold(watching, shared, "left", ghost, MARGIN_MS);
  examiner.observe("expiry-announced", {
    holds: told,
    seen: told ? `${ghost} was told to have left` : `nobody was told that ${ghost} left`,
  });
  if (watching.closed !== undefined) return;
  const users = await usersIn(examiner, shared, 0);
  examiner.observe("survivor-still-listed", {
    holds: users.includes(survivor),
    seen: `listed: ${users.join(", ") || "nobody"}`,
  });
}

async function ghostGoes(
  examiner: Examiner,
  about: "ghost-gone-beside-survivor" | "ghost-gone-from-empty-room",
  room: string,
  ghost: string,
  diedAtMs: number,
  goneByMs: number,
): Promise<void> {
  let listed: readonly string[] = [];
  const gone = await eventually(
    examiner,
    async () => {
      listed = await usersIn(examiner, room, 0);
      return !listed.includes(ghost);
    },
    goneByMs - examiner.nowMs(),
  );
  const afterMs = Math.round(examiner.nowMs() - diedAtMs);
  examiner.observe(about, {
    holds: gone,
    seen: gone
      ? `${ghost} gone ${afterMs} ms after the crash`
      : `${ghost} still listed ${afterMs} ms after the crash, with ${listed.length - 1} others`,
  });
}

/** B12: the server finds out by itself. */
async function vanish(examiner: Examiner, { heartbeatMs }: Churn): Promise<void> {
  const { number } = examiner.client;
  const [room, user] = [`exam-vanish-${number}`, `vanishing-${number}`];
  const beatMs = Math.max(1, Math.round(heartbeatMs * examiner.timeScale));
  const vanishing = await examiner.connect({ at: 0, user, beat: [beatMs, beatMs] });
  await vanishing.subscribe(`/topic/room.${room}`);
  const listed = await eventually(
    examiner,
    async () => (await usersIn(examiner, room, 0)).includes(user),
    MARGIN_MS,
  );
  if (!listed) return;
  vanishing.raw.halfOpen();
  const vanishedAtMs = examiner.nowMs();
  const gone = await eventually(
    examiner,
    async () => !(await usersIn(examiner, room, 0)).includes(user),
    DEAD_AFTER_INTERVALS * beatMs + MARGIN_MS,
  );
  const afterMs = Math.round(examiner.nowMs() - vanishedAtMs);
  examiner.observe("vanished-user-gone", {
    holds: gone,
    seen: gone ? `gone after ${afterMs} ms` : `${user} still listed after ${afterMs} ms`,
  });
}

/**
 * B222: all instances could tell the same change. On instances that stay, and over before the kill: what the dying
 * instance was about to tell nobody tells.
 */
async function churn(examiner: Examiner, { churners, rampMs }: Churn): Promise<void> {
  const { number } = examiner.client;
  const room = `exam-churn-${number}`;
  const watching = await examiner.connect({ at: 0, user: `churn-watcher-${number}` });
  await watching.subscribe(presenceTopic(room));
  const users = Array.from({ length: churners }, (_, n) => `churner-${number}-${n}`);
  const allTold = (what: "joined" | "left") =>
    Promise.all(users.map((user) => isTold(watching, room, what, user, MARGIN_MS)));
  const peers = await Promise.all(
    users.map(async (user, n) => {
      const peer = await examiner.connect({ at: n % 2 === 0 ? 0 : elsewhere(examiner), user });
      await peer.subscribe(`/topic/room.${room}`);
      return peer;
    }),
  );
  await allTold("joined");
  await beside(...peers.map((peer) => peer.leave()));
  await allTold("left");
  if (watching.closed !== undefined || examiner.nowMs() >= killMs({ rampMs })) return;
  const odd = users.flatMap((user) =>
    (["joined", "left"] as const)
      .map((what) => [what, timesTold(watching, room, what, user)] as const)
      .filter(([, times]) => times !== 1)
      .map(([what, times]) => `${user} ${what} told ${times} times`),
  );
  examiner.observe("one-announcement-per-change", {
    holds: odd.length === 0,
    seen: odd.length === 0 ? `${users.length} comings and goings, each told once` : odd.join(", "),
  });
}

/** An instance beside the first one that is not killed; with two there is none. */
function elsewhere({ endpoints }: Examiner): number {
  return endpoints > 2 ? endpoints - 1 : 0;
}

function killMs({ rampMs }: Pick<Churn, "rampMs">): number {
  return chatWarmUpMs(rampMs) + KILL_AFTER_MS;
}
