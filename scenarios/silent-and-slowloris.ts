import { chatBounds, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import type { Examiner } from "./model/examiner.ts";
import { quietChat, quietChecks } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

/** The code of a session that never begins (A57, A76). */
const POLICY = 1008;
/** The server looks at its clocks once a second, and the machine may be busy. */
const PATIENCE_MS = 5_000;

const params = {
  ...quietChat,
  holdMs: 14_000,
  silentSockets: 20,
  firstMessageMs: 4_000,
};
type Silent = typeof params;

const asks = [
  {
    about: "silent-socket-closed",
    invariant: "INV-REJECT",
    expected: "a socket that does not say CONNECT is closed with 1008 at its deadline",
  },
  {
    about: "silent-socket-has-its-time",
    invariant: "INV-REJECT",
    expected: "and not before nine tenths of it",
  },
  {
    about: "late-connect-accepted",
    invariant: "INV-REJECT",
    expected: "a CONNECT at half of the time is answered by CONNECTED",
  },
  {
    about: "idle-session-stays",
    invariant: "INV-CLOSE",
    expected: "a session that never subscribes to anything stays open",
  },
] as const;

/**
 * C12: sockets that shake hands and say nothing. Compressed: the server's own 30 s (A57) are 4 s here. Heads of requests
 * that never end are tried against the server in hostile.e2e.ts (B175): no client of a scenario can send half of one.
 */
export default defineScenario({
  name: "silent-and-slowloris",
  summary:
    "sockets that shake hands and say nothing are closed at the deadline; who is only slow or quiet is not",
  requirement: ["C12"],
  params,
  explain: {
    ...chatExplain,
    silentSockets: "sockets that never say CONNECT",
    firstMessageMs: "from the handshake to CONNECT, as the reference server is told (FIRST_MESSAGE_MS)",
  },
  bounds: {
    ...chatBounds,
    holdMs: [10_000, 3_600_000],
    silentSockets: [1, 1_000],
    firstMessageMs: [1_000, 60_000],
  },
  checks: [...quietChecks, "refusals", "orderly-close"],
  reference: ({ firstMessageMs }) => ({ FIRST_MESSAGE_MS: String(firstMessageMs) }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), silent: silent(given) }),
});

function silent(given: Silent): ExamRole {
  return {
    load: { kind: "constant", clients: 1, atMs: chatWarmUpMs(given.rampMs) },
    asks,
    async exam(examiner) {
      await Promise.all([
        ...Array.from({ length: given.silentSockets }, () => saysNothing(examiner, given)),
        connectsLate(examiner, given),
        staysIdle(examiner, given),
      ]);
    },
  };
}

async function saysNothing(examiner: Examiner, { firstMessageMs }: Silent): Promise<void> {
  const dialled = await examiner.dial();
  if (dialled.how === "refused") return;
  const fromMs = examiner.nowMs();
  const end = await dialled.peer.ended(firstMessageMs + PATIENCE_MS);
  const tookMs = Math.round((end?.atMs ?? examiner.nowMs()) - fromMs);
  const { server } = dialled.peer;
  examiner.observe("silent-socket-closed", {
    holds: end?.code === POLICY,
    seen: end ? `close ${end.code} ${end.reason} after ${tookMs} ms` : `still open after ${tookMs} ms`,
    server,
  });
  if (!end) return;
  const holds = tookMs >= 0.9 * firstMessageMs;
  examiner.observe("silent-socket-has-its-time", { holds, seen: `closed after ${tookMs} ms`, server });
}

async function connectsLate(examiner: Examiner, { firstMessageMs }: Silent): Promise<void> {
  const dialled = await examiner.dial();
  if (dialled.how === "refused") return;
  const { peer } = dialled;
  const fromMs = examiner.nowMs();
  await examiner.sleep(firstMessageMs / 2);
  peer.send("CONNECT", {
    "accept-version": "1.2",
    host: "localhost",
    Authorization: `Bearer ${examiner.token({ sub: examiner.client.user })}`,
  });
  const sentMs = examiner.nowMs() - fromMs;
  // Our own stall is not its impatience.
  if (sentMs > 0.75 * firstMessageMs) return;
  const heard = await peer.next(({ command }) => command === "CONNECTED", PATIENCE_MS);
  examiner.observe("late-connect-accepted", {
    holds: heard !== undefined,
    seen: `CONNECT after ${Math.round(sentMs)} ms: ${heard?.command ?? (peer.closed ? `close ${peer.closed.code}` : "no answer")}`,
    server: peer.server,
  });
}

async function staysIdle(examiner: Examiner, { firstMessageMs }: Silent): Promise<void> {
  const peer = await examiner.connect({ user: `${examiner.client.user}-idle` });
  const end = await peer.ended(firstMessageMs + PATIENCE_MS);
  examiner.observe("idle-session-stays", {
    holds: end === undefined,
    seen: end ? `close ${end.code} ${end.reason}` : `open ${firstMessageMs + PATIENCE_MS} ms after CONNECT`,
    server: peer.server,
  });
  await peer.leave();
}
