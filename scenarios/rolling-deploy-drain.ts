import { chatBounds, chatChecks, chatExplain, chatTiming, chatters, chatWarmUpMs } from "./model/chat.ts";
import type { Closed, Dialled, Examiner, Peer } from "./model/examiner.ts";
import { quietChat } from "./model/quiet-chat.ts";
import { defineScenario, type ExamRole } from "./model/scenario.ts";

const SERVER_EVENTS = "/topic/server.events";
/** What a planned stop may close with (A124). */
const PLANNED: readonly (number | null)[] = [1001, 1012];
/** The baseline that the deployment is compared with. */
const BASELINE_MS = 3_000;
/** For each instance: the drain, the exit and the new start, on a machine that has little time for it. */
const TURN_MS = 5_000;
const INSTANCES = 3;
/** Longer than any run. */
const LONGEST_MS = 86_400_000;
/** After what was announced: the last answers, and a machine that is busy. */
const PATIENCE_MS = 8_000;

const params = {
  ...quietChat,
  holdMs: 27_000,
  reconnect: "full-jitter-short",
  watchersPerInstance: 16,
  drainBudgetMs: 3_000,
};
type Deploy = typeof params;

const asks = [
  {
    about: "notice-before-close",
    invariant: "INV-CLOSE",
    expected: "whoever a stopping instance closes was told before, on /topic/server.events",
  },
  {
    about: "stop-closes-with-1012",
    invariant: "INV-CLOSE",
    expected: "a stopping instance closes with 1012 or 1001",
  },
  {
    about: "open-as-long-as-announced",
    invariant: "INV-CLOSE",
    expected: "the last connections live longer than half of the longest time that the notice gives",
  },
  {
    about: "notice-only-to-its-own",
    invariant: "INV-ISOLATE",
    expected: "nobody on another instance hears of it",
  },
  {
    about: "no-upgrade-while-draining",
    invariant: "INV-REJECT",
    expected: "a new handshake with a stopping instance is refused",
  },
  {
    about: "not-ready-while-draining",
    invariant: "INV-HEALTH",
    expected: "readiness says no from the notice on",
  },
] as const;

/**
 * C8: a deployment under steady chat. Each instance is stopped by SIGTERM and started again, one after the other;
 * watchers on each of them see what it tells, whom, and when it closes them.
 *
 * With uniform times of closing, all 16 of an instance's watchers are gone before half of the announced time once in
 * 65,000 stops.
 */
export default defineScenario({
  name: "rolling-deploy-drain",
  summary:
    "each instance is stopped and started again in its turn; its clients are told, and leave in good order",
  requirement: ["C8"],
  params,
  explain: {
    ...chatExplain,
    reconnect: "what a user does after a lost connection; short, so that the way back fits into the run",
    watchersPerInstance: "connections on each instance that watch how a stop looks to its clients",
    drainBudgetMs: "over how long a stopping reference server lets its clients go (DRAIN_MS)",
  },
  bounds: {
    ...chatBounds,
    watchersPerInstance: [8, 100],
    drainBudgetMs: [1_000, 60_000],
    // One stop, and the way back.
    holdMs: [12_000, 3_600_000],
  },
  // How fast a chat is is not what this is about, and its phases are too short to judge a busy machine by.
  checks: [
    ...chatChecks.filter((check) => check !== "delivery-p99"),
    "orderly-close",
    "private-stays-private",
    "refusals",
    "health-endpoints",
  ],
  faults({ rampMs }) {
    const fromMs = chatWarmUpMs(rampMs) + BASELINE_MS;
    return [`rolling-restart@${fromMs}ms..${fromMs + INSTANCES * TURN_MS}ms:server-all`];
  },
  reference: ({ drainBudgetMs }) => ({ DRAIN_MS: String(drainBudgetMs) }),
  timing: chatTiming,
  roles: (given) => ({ chatter: chatters(given), watcher: watcher(given) }),
});

function watcher(given: Deploy): ExamRole {
  return {
    load: { kind: "constant", clients: 1, atMs: given.rampMs },
    asks,
    async exam(examiner) {
      const all = await Promise.all(
        Array.from({ length: examiner.endpoints }, (_, at) =>
          settle(examiner, at, given.watchersPerInstance),
        ),
      );
      await Promise.all(all.map((here, at) => watch(examiner, here, all.flat(), at)));
    },
  };
}

/** Each of another user: a user has a limited number of sessions (A31). */
function settle(examiner: Examiner, at: number, watchers: number): Promise<Peer[]> {
  return Promise.all(
    Array.from({ length: watchers }, async (_, n) => {
      const peer = await examiner.connect({ at, user: `${examiner.client.user}-${at}-${n}` });
      await peer.subscribe(SERVER_EVENTS);
      return peer;
    }),
  );
}

/** Until the instance stops, if it does, and what that looked like. */
async function watch(examiner: Examiner, here: readonly Peer[], all: readonly Peer[], at: number) {
  const [first] = here;
  if (!first) return;
  const told = await Promise.race(here.map((peer) => noticeOrEnd(peer)));
  if (told) await askDraining(examiner, here, at);
  const longestMs = told?.longestMs ?? 0;
  const ends = await Promise.all(here.map((peer) => peer.ended(longestMs + PATIENCE_MS)));
  const server = first.server;
  // Not one close frame and no notice: a crash, and a crash tells nobody.
  if (!told && ends.every((end) => !end || end.code === null)) return;

  const closed = ends.filter((end) => end !== undefined);
  const untold = here.filter((peer) => peer.closed && !notices(peer).some(({ server: of }) => of === server));
  examiner.observe("notice-before-close", {
    holds: untold.length === 0,
    seen: `${untold.length} of ${closed.length} connections closed without a notice before`,
    server,
  });
  const codes = countsOf(ends);
  const planned = ends.every((end) => end !== undefined && PLANNED.includes(end.code));
  examiner.observe("stop-closes-with-1012", { holds: planned, seen: codes, server });
  if (!told) return;

  const lastMs = Math.max(...closed.map(({ atMs }) => atMs)) - told.atMs;
  examiner.observe("open-as-long-as-announced", {
    holds: lastMs > longestMs / 2,
    seen: `announced: up to ${longestMs} ms; the last of ${closed.length} was closed ${Math.round(lastMs)} ms after the notice`,
    server,
  });
  const strangers = all.filter(
    (peer) => peer.server !== server && notices(peer).some(({ server: of }) => of === server),
  );
  examiner.observe("notice-only-to-its-own", {
    holds: strangers.length === 0,
    seen: `${strangers.length} of ${all.length - here.length} connections of other instances were told that ${server} stops`,
    server,
  });
}

interface Notice {
  readonly server: string;
  readonly longestMs: number;
  readonly atMs: number;
}

function notices({ frames }: Peer): Notice[] {
  return frames.flatMap(({ command, headers, body, atMs }) => {
    if (command !== "MESSAGE" || headers.destination !== SERVER_EVENTS) return [];
    const { serverId, reconnectAfterMs } = JSON.parse(body) as {
      serverId: string;
      reconnectAfterMs: { max: number };
    };
    return [{ server: serverId, longestMs: reconnectAfterMs.max, atMs }];
  });
}

/** The notice of its own instance's stop; undefined when it ended without one. */
async function noticeOrEnd(peer: Peer): Promise<Notice | undefined> {
  for (;;) {
    const heard = await peer.next(({ headers }) => headers.destination === SERVER_EVENTS, LONGEST_MS);
    if (!heard) return undefined;
    const own = notices(peer).find(({ server }) => server === peer.server);
    if (own) return own;
  }
}

/** Only what was answered while the old process still had clients is about it. */
async function askDraining(examiner: Examiner, here: readonly Peer[], at: number): Promise<void> {
  const stillThere = () => here.some((peer) => peer.closed === undefined);
  const server = here[0]?.server;
  const [dialled, ready] = await Promise.all([
    examiner.dial({ at }),
    examiner.http({ at, path: "/health/ready" }).then(
      ({ status }) => status,
      () => undefined,
    ),
  ]);
  if (stillThere()) {
    examiner.observe("no-upgrade-while-draining", {
      holds: dialled.how === "refused",
      seen: inWords(dialled),
      server,
    });
    examiner.observe("not-ready-while-draining", {
      holds: ready !== 200,
      seen: `/health/ready: ${ready ?? "no answer"}`,
      server,
    });
  }
  if (dialled.how === "open") dialled.peer.close(1000);
}

function inWords(dialled: Dialled): string {
  return dialled.how === "open" ? "101" : dialled.reason;
}

function countsOf(ends: readonly (Closed | undefined)[]): string {
  const counts = new Map<string, number>();
  for (const end of ends) {
    const how = end === undefined ? "still open" : end.code === null ? "no close frame" : String(end.code);
    counts.set(how, (counts.get(how) ?? 0) + 1);
  }
  return [...counts].map(([how, count]) => `${count} x ${how}`).join(", ");
}
