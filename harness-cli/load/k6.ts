import path from "node:path";
import { setTimeout as timer } from "node:timers/promises";
import type { LoadEvent } from "../../reports/record/history.ts";
import type { Plan } from "../../reports/record/plan.ts";
import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import { SeaworthyError } from "../errors.ts";
import type { Tools } from "../provision/tools.ts";
import type { Child, Supervisor } from "../target/supervisor.ts";
import type { Access } from "../target/target.ts";
import { VUS, writeEntry } from "./entry.ts";
import { listenForTelemetry } from "./telemetry-server.ts";

export interface LoadOptions {
  readonly plan: Plan;
  readonly runDir: string;
  readonly tools: Pick<Tools, "k6">;
  readonly supervisor: Pick<Supervisor, "spawn">;
  readonly endpoints: readonly string[];
  /** `host:port` that is dialled at another one, its name kept (SNI, Host). */
  readonly hosts?: Readonly<Record<string, string>>;
  /** PEM of the authority behind wss:// addresses. */
  readonly caFile?: string;
  readonly access: Access;
  /** Where a relative path of a user's own scenario starts. */
  readonly cwd?: string;
  onTelemetry(line: Telemetry): void;
  onEvent(event: Omit<LoadEvent, "kind" | "atMs">): void;
}

export interface LoadEnd {
  /** Did every VU say bye, so that nothing of the record is missing? */
  readonly how: "bye" | "died";
  readonly code: number | null;
}

export interface RunningLoad extends AsyncDisposable {
  /** All clients are there and wait for go. Rejects with SW_LOAD_FAILED if k6 dies first or takes a minute. */
  readonly ready: Promise<void>;
  readonly pid: number;
  /** Settles when k6 is gone; never rejects. */
  readonly finished: Promise<LoadEnd>;
  go(startEpochMs: number): void;
  /** Ends early: no more publishing, `drainMs` of listening, then everybody leaves. */
  stop(drainMs: number): void;
}

/** k6 needs a second to start; a machine whose CPU is taken away has been seen to need ten. */
const HELLO_DEADLINE_MS = 60_000;
/** After its last bye k6 has nothing left to do and ends at once; only a machine that is very busy makes it wait. */
const EXIT_GRACE_MS = 10_000;
/** With a frozen peer that owes it a close frame it would stay for ever, and says so in its bye. */
const FROZEN_GRACE_MS = 100;
/** For the clients to leave in order when the load is given up. */
const DISPOSE_GRACE_MS = 500;
/** Between two SIGINTs: the first ends the dials, the second ends k6 whatever it waits for. */
const INTERRUPT_GRACE_MS = 200;

/**
 * What k6 wrote before it died is read within this. The kernel has closed its sockets, so it takes no time, unless this
 * process itself stands still: a bye that lies unread behind a timer must not be taken for a death.
 */
const HANG_UP_MS = 10_000;

const ARGS = [
  "run",
  "--quiet",
  "--no-color",
  "--no-usage-report",
  "--no-thresholds",
  "--summary-mode=disabled",
  // No REST API: it would take a port and could steer the run.
  "--address=",
];

/** Starts k6 on the plan's load. It connects nobody before `go`. */
export async function startK6(options: LoadOptions): Promise<RunningLoad> {
  const { plan, tools, onTelemetry, onEvent } = options;
  const hellos = new Set<number>();
  const byes = new Set<number>();
  let abandoned = 0;
  const allHello = Promise.withResolvers<void>();
  const allBye = Promise.withResolvers<void>();
  const telemetry = await listenForTelemetry({
    line(line) {
      if (line.type === "hello") hellos.add(line.vu);
      onTelemetry(line);
      if (line.type === "hello" && hellos.size === VUS) {
        onEvent({ what: "hello", detail: `${plan.clients} clients in ${VUS} VU` });
        allHello.resolve();
      }
      if (line.type === "bye") {
        byes.add(line.vu);
        abandoned += line.abandoned;
        if (byes.size < VUS) return;
        onEvent({ what: "bye", ...(abandoned > 0 ? { detail: `${abandoned} sockets abandoned` } : {}) });
        allBye.resolve();
      }
    },
    bad: (why) => onEvent({ what: "lost", detail: `telemetry: ${why}` }),
  });
  const child = await spawnK6(options, telemetry.url).catch(async (error: unknown) => {
    await telemetry[Symbol.asyncDispose]();
    throw error;
  });
  onEvent({ what: "started", detail: `k6 ${tools.k6.version}, pid ${child.pid}` });

  const finished = child.exit.then(async ({ code, signal }): Promise<LoadEnd> => {
    await telemetry.hungUp(HANG_UP_MS);
    const how = byes.size === VUS ? "bye" : "died";
    onEvent({ what: how === "bye" ? "exited" : "lost", detail: `exit ${code ?? signal}` });
    return { how, code };
  });
  void allBye.promise.then(() => endK6(child, abandoned > 0 ? FROZEN_GRACE_MS : EXIT_GRACE_MS));
  const ready = readyWhen(allHello.promise, finished, child);
  // Whoever disposes before it is ready has no use for the rejection.
  ready.catch(() => {});

  return {
    ready,
    finished,
    pid: child.pid,
    go: (startEpochMs) => telemetry.send({ type: "go", startEpochMs }),
    stop: (drainMs) => telemetry.send({ type: "stop", drainMs }),
    async [Symbol.asyncDispose]() {
      telemetry.send({ type: "stop", drainMs: 0 });
      await endK6(child, DISPOSE_GRACE_MS);
      await telemetry[Symbol.asyncDispose]();
    },
  };
}

async function spawnK6(options: LoadOptions, telemetryUrl: string): Promise<Child> {
  const { runDir, tools, supervisor } = options;
  const entry = await writeEntry(options);
  return supervisor.spawn({
    name: "k6",
    command: tools.k6.path,
    args: [...ARGS, entry],
    // A quarter less CPU for twice the memory (measured); the load is small and the cores are few.
    env: {
      SEAWORTHY_TELEMETRY: telemetryUrl,
      GOGC: "400",
      // Go's own: k6 has no option for an authority.
      ...(options.caFile ? { SSL_CERT_FILE: options.caFile } : {}),
    },
    cwd: runDir,
    logFile: path.join(runDir, "logs", "k6.log"),
    stopSignal: "SIGINT",
  });
}

async function readyWhen(hello: Promise<void>, finished: Promise<LoadEnd>, child: Child): Promise<void> {
  const deadline = new AbortController();
  try {
    const what = await Promise.race([
      hello.then(() => "hello" as const),
      finished.then(({ code }) => `k6 ended at once (exit ${code})`),
      timer(HELLO_DEADLINE_MS, `k6 said nothing for ${HELLO_DEADLINE_MS / 1_000} s`, deadline),
    ]);
    if (what === "hello") return;
    const said = child.lastLines().join("\n");
    throw new SeaworthyError("SW_LOAD_FAILED", `${what}${said && `:\n${said}`}`, "logs/k6.log has all of it");
  } finally {
    deadline.abort();
  }
}

/** Waits, then SIGINT, SIGINT, SIGKILL: k6 outlives a single SIGINT while a frozen peer owes it a close frame. */
async function endK6(child: Child, graceMs: number): Promise<void> {
  if (await goneWithin(child, graceMs)) return;
  child.signal("SIGINT");
  if (await goneWithin(child, INTERRUPT_GRACE_MS)) return;
  child.signal("SIGINT");
  if (await goneWithin(child, INTERRUPT_GRACE_MS)) return;
  await child.stop();
}

async function goneWithin(child: Child, ms: number): Promise<boolean> {
  const deadline = new AbortController();
  try {
    return await Promise.race([child.exit.then(() => true), timer(ms, false, deadline).catch(() => true)]);
  } finally {
    deadline.abort();
  }
}
