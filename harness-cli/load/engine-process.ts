import { setTimeout as timer } from "node:timers/promises";
import type { LoadEvent } from "../../reports/record/history.ts";
import type { LoadEngine, Plan } from "../../reports/record/plan.ts";
import type { LoadAccess } from "../../scenarios/model/load-config.ts";
import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import { SeaworthyError } from "../errors.ts";
import type { Tools } from "../provision/tools.ts";
import type { Child, Supervisor } from "../target/supervisor.ts";
import { shardsOf } from "./entry.ts";
import { listenForTelemetry } from "./telemetry-server.ts";

export interface LoadOptions {
  readonly plan: Plan;
  readonly runDir: string;
  readonly tools: Pick<Tools, "k6" | "node">;
  readonly supervisor: Pick<Supervisor, "spawn">;
  readonly endpoints: readonly string[];
  /** `host:port` that is dialled at another one, its name kept (SNI, Host). */
  readonly hosts?: Readonly<Record<string, string>>;
  /** PEM of the authority behind wss:// addresses. */
  readonly caFile?: string;
  readonly access: LoadAccess;
  /** Where a relative path of a user's own scenario starts. */
  readonly cwd?: string;
  onTelemetry(line: Telemetry): void;
  onEvent(event: Omit<LoadEvent, "kind" | "atMs">): void;
}

export interface EngineEnd {
  /** Did every VU say bye, so that nothing of the record is missing? */
  readonly how: "bye" | "died";
  readonly code: number | null;
}

export interface RunningEngine extends AsyncDisposable {
  /** All its clients are there and wait for go. Rejects with SW_LOAD_FAILED if it dies first or takes a minute. */
  readonly ready: Promise<void>;
  readonly pid: number;
  /** Settles when it is gone; never rejects. */
  readonly finished: Promise<EngineEnd>;
  go(startEpochMs: number): void;
  /** Ends early: no more publishing, `drainMs` of listening, then everybody leaves. */
  stop(drainMs: number): void;
  /** Straight to its process: what a self-test holds it up by. */
  signal(signal: NodeJS.Signals): void;
}

/** In what one engine differs from the other. */
export interface EngineKind {
  readonly name: LoadEngine;
  readonly version: string;
  /** Starts its process, which reports to this address. */
  spawn(telemetryUrl: string): Promise<Child>;
  /** Waits so long for it to end by itself, then ends it whatever it waits for. */
  end(child: Child, graceMs: number): Promise<void>;
  /** From the last bye on, when some connections never answered; unlike the others' grace. */
  readonly abandonedGraceMs: number;
}

/** An engine needs a second to start; a machine whose CPU is taken away has been seen to need ten. */
const HELLO_DEADLINE_MS = 60_000;
/** After its last bye it has nothing left to do and ends at once; only a machine that is very busy makes it wait. */
export const EXIT_GRACE_MS = 10_000;
/** For the clients to leave in order when the load is given up. */
const DISPOSE_GRACE_MS = 500;
/**
 * What an engine wrote before it died is read within this. The kernel has closed its sockets, so it takes no time,
 * unless this process itself stands still: a bye that lies unread behind a timer must not be taken for a death.
 */
const HANG_UP_MS = 10_000;

/** Starts one engine on its part of the plan. It connects nobody before `go`. */
export async function startEngine(kind: EngineKind, options: LoadOptions): Promise<RunningEngine> {
  const { plan, onTelemetry, onEvent } = options;
  const { name } = kind;
  const vus = shardsOf(plan, name).length;
  const hellos = new Set<number>();
  const byes = new Set<number>();
  let clients = 0;
  let abandoned = 0;
  const allHello = Promise.withResolvers<void>();
  const allBye = Promise.withResolvers<void>();
  const telemetry = await listenForTelemetry({
    line(line) {
      onTelemetry(line);
      if (line.type === "hello") {
        hellos.add(line.vu);
        clients += line.clients;
        if (hellos.size < vus) return;
        onEvent({ what: "hello", detail: `${clients} clients in ${vus} VU of ${name}` });
        allHello.resolve();
      }
      if (line.type === "bye") {
        byes.add(line.vu);
        abandoned += line.abandoned;
        if (byes.size < vus) return;
        onEvent({ what: "bye", ...(abandoned > 0 ? { detail: `${abandoned} sockets abandoned` } : {}) });
        allBye.resolve();
      }
    },
    bad: (why) => onEvent({ what: "lost", detail: `telemetry: ${why}` }),
  });
  const child = await kind.spawn(telemetry.url).catch(async (error: unknown) => {
    await telemetry[Symbol.asyncDispose]();
    throw error;
  });
  onEvent({ what: "started", detail: `${name} ${kind.version}, pid ${child.pid}` });

  const finished = child.exit.then(async ({ code, signal }): Promise<EngineEnd> => {
    await telemetry.hungUp(HANG_UP_MS);
    const how = byes.size === vus ? "bye" : "died";
    onEvent({ what: how === "bye" ? "exited" : "lost", detail: `exit ${code ?? signal}` });
    return { how, code };
  });
  void allBye.promise.then(() => kind.end(child, abandoned > 0 ? kind.abandonedGraceMs : EXIT_GRACE_MS));
  const ready = readyWhen(name, allHello.promise, finished, child);
  // Whoever disposes before it is ready has no use for the rejection.
  ready.catch(() => {});

  return {
    ready,
    finished,
    pid: child.pid,
    go: (startEpochMs) => telemetry.send({ type: "go", startEpochMs }),
    stop: (drainMs) => telemetry.send({ type: "stop", drainMs }),
    signal: (signal) => child.signal(signal),
    async [Symbol.asyncDispose]() {
      telemetry.send({ type: "stop", drainMs: 0 });
      await kind.end(child, DISPOSE_GRACE_MS);
      await telemetry[Symbol.asyncDispose]();
    },
  };
}

async function readyWhen(
  name: LoadEngine,
  hello: Promise<void>,
  finished: Promise<EngineEnd>,
  child: Child,
): Promise<void> {
  const deadline = new AbortController();
  try {
    const what = await Promise.race([
      hello.then(() => "hello" as const),
      finished.then(({ code }) => `${name} ended at once (exit ${code})`),
      timer(HELLO_DEADLINE_MS, `${name} said nothing for ${HELLO_DEADLINE_MS / 1_000} s`, deadline),
    ]);
    if (what === "hello") return;
    const said = child.lastLines().join("\n");
    throw new SeaworthyError(
      "SW_LOAD_FAILED",
      `${what}${said && `:\n${said}`}`,
      `logs/${name}.log has all of it`,
    );
  } finally {
    deadline.abort();
  }
}

export async function goneWithin(child: Child, ms: number): Promise<boolean> {
  const deadline = new AbortController();
  try {
    return await Promise.race([child.exit.then(() => true), timer(ms, false, deadline).catch(() => true)]);
  } finally {
    deadline.abort();
  }
}
