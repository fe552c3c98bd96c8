import { mkdir, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { messageOf } from "../../chaos/deadline.ts";
import type { Plan } from "../../reports/record/plan.ts";
import { emptyHistogram, merge, percentile } from "../../scenarios/model/histogram.ts";
import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import { writeEntry } from "../load/entry.ts";
import { gcPercentFor } from "../load/k6.ts";
import { startLoad } from "../load/load.ts";
import { planRoles } from "../plan.ts";
import type { Tools } from "../provision/tools.ts";
import { httpStatus } from "../target/answers.ts";
import { lastLinesOf } from "../target/log-file.ts";
import { choosePorts } from "../target/ports.ts";
import type { Supervisor } from "../target/supervisor.ts";
import { cpuMs, privateBytes } from "./process-cost.ts";
import listen from "./programs/listen.ts";

/** What receives: an engine with all that it does, the same without telemetry, or a bare client of its kind. */
export const kinds = [
  "bare k6",
  "k6 engine",
  "k6 engine, alone",
  "bare ws",
  "native engine",
  "native engine, alone",
] as const;
export type Kind = (typeof kinds)[number];

export interface Receivers {
  readonly tools: Pick<Tools, "node" | "k6">;
  readonly supervisor: Supervisor;
  readonly folder: string;
}

/** One process that has so many connections to a server that floods. */
export interface Receiver extends AsyncDisposable {
  /** CPU time that it used since its start. */
  cpuMs(): Promise<number>;
  /** Memory of its own. */
  privateBytes(): Promise<number>;
  /** Sends for so long at that rate over all connections, 0: as fast as they take it; how many messages that was. */
  flood(ms: number, perSecond?: number): Promise<number>;
  /** Of what it received, ms late by the messages' own times; undefined where it does not measure. Ends it. */
  p99Ms(): Promise<number | undefined>;
}

const program = (name: string) => fileURLToPath(new URL(`./programs/${name}`, import.meta.url));
const CONNECT_WITHIN_MS = 180_000;
const LOOK_EVERY_MS = 200;

/** Starts the server and the receiver; resolves once all its connections listen. */
export async function startReceiver(kind: Kind, connections: number, options: Receivers): Promise<Receiver> {
  const { tools, supervisor } = options;
  await mkdir(options.folder, { recursive: true });
  const dir = await mkdtemp(path.join(options.folder, "receive-"));
  await mkdir(path.join(dir, "logs"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(dir, { recursive: true }));
  const { server: port } = await choosePorts(["server"]);
  const page = `http://127.0.0.1:${port}`;
  const server = await supervisor.spawn({
    name: "flood",
    command: tools.node.path,
    args: [program("flood-server.ts"), String(port)],
    logFile: path.join(dir, "logs", "flood.log"),
  });
  stack.defer(() => server.stop());
  while ((await httpStatus(`${page}/`, 1_000)) !== 200) await wait(LOOK_EVERY_MS);
  const startEpochMs = Date.now();
  const started = await start(kind, {
    ...options,
    dir,
    url: `ws://127.0.0.1:${port}/ws`,
    connections,
    startEpochMs,
  });
  stack.defer(() => started.stop());
  const deadline = performance.now() + CONNECT_WITHIN_MS;
  while ((await listening(page)) < connections) {
    if (performance.now() > deadline)
      throw new Error(`${kind}: ${await listening(page)} of ${connections} connected`);
    await wait(LOOK_EVERY_MS);
  }
  /** @throws Error with its last words when it is gone. */
  const ofProcess = async (look: (pid: number) => Promise<number>): Promise<number> => {
    try {
      return await look(started.pid);
    } catch (error) {
      const words = lastLinesOf(path.join(dir, "logs", started.log)).join("\n");
      throw new Error(`${kind}, ${connections} connections: ${messageOf(error)}\n${words}`, { cause: error });
    }
  };
  const owned = stack.move();
  return {
    cpuMs: () => ofProcess((pid) => cpuMs([pid])),
    privateBytes: () => ofProcess(privateBytes),
    async flood(ms, perSecond = 0) {
      const asked = new URLSearchParams({
        ms: String(ms),
        perSecond: String(perSecond),
        startEpochMs: String(started.startEpochMs),
      });
      const answer = await fetch(`${page}/flood?${asked}`, { method: "POST" });
      return ((await answer.json()) as { messages: number }).messages;
    },
    p99Ms: started.p99Ms,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function listening(page: string): Promise<number> {
  return ((await (await fetch(`${page}/`)).json()) as { listening: number }).listening;
}

interface Wanted extends Receivers {
  readonly dir: string;
  readonly url: string;
  readonly connections: number;
  readonly startEpochMs: number;
}

interface Started {
  readonly pid: number;
  /** The name of the file of what it says. */
  readonly log: string;
  readonly startEpochMs: number;
  stop(): Promise<void>;
  p99Ms(): Promise<number | undefined>;
}

function start(kind: Kind, wanted: Wanted): Promise<Started> {
  if (kind === "bare k6") return bareK6(wanted);
  if (kind === "bare ws") return bareWs(wanted);
  const engine = kind.startsWith("k6") ? "k6" : "native";
  return kind.endsWith("alone") ? engineAlone(engine, wanted) : wholeEngine(engine, wanted);
}

async function bareK6({ tools, supervisor, dir, url, connections, startEpochMs }: Wanted): Promise<Started> {
  const child = await supervisor.spawn({
    name: "bare-k6",
    command: tools.k6.path,
    args: [
      "run",
      "--quiet",
      "--no-usage-report",
      "--no-thresholds",
      "--summary-mode=disabled",
      "--address=",
      program("bare-k6.mjs"),
    ],
    env: { URL: url, SOCKETS: String(connections), GOGC: gcPercentFor(connections) },
    logFile: path.join(dir, "logs", "bare-k6.log"),
    stopSignal: "SIGKILL",
  });
  const { pid } = child;
  return { pid, log: "bare-k6.log", startEpochMs, stop: () => child.stop(), p99Ms: async () => undefined };
}

async function bareWs({ tools, supervisor, dir, url, connections, startEpochMs }: Wanted): Promise<Started> {
  const child = await supervisor.spawn({
    name: "bare-ws",
    command: tools.node.path,
    args: [program("bare-receiver.ts"), url, String(connections), String(startEpochMs)],
    logFile: path.join(dir, "logs", "bare-ws.log"),
  });
  return {
    pid: child.pid,
    log: "bare-ws.log",
    startEpochMs,
    stop: () => child.stop(),
    async p99Ms() {
      await child.stop();
      return (JSON.parse(child.lastLines().at(-1) ?? "{}") as { p99Ms?: number }).p99Ms;
    },
  };
}

async function wholeEngine(engine: "k6" | "native", wanted: Wanted): Promise<Started> {
  const { tools, supervisor, dir, url } = wanted;
  const delivery = emptyHistogram();
  const load = await startLoad({
    plan: planFor(engine, wanted),
    runDir: dir,
    tools,
    supervisor,
    endpoints: [url],
    access: { kind: "headers", headers: {} },
    onTelemetry: (line) => addTo(delivery, line),
    onEvent: () => {},
  });
  await load.ready;
  const startEpochMs = Date.now();
  load.go(startEpochMs);
  const stop = async () => {
    load.stop(0);
    await load.finished;
    await load[Symbol.asyncDispose]();
  };
  return {
    pid: load.pids[engine] as number,
    log: `${engine}.log`,
    startEpochMs,
    stop,
    async p99Ms() {
      await stop();
      const p99Us = percentile(delivery, 0.99);
      return p99Us === undefined ? undefined : p99Us / 1_000;
    },
  };
}

function addTo(delivery: ReturnType<typeof emptyHistogram>, line: Telemetry): void {
  if (line.type !== "flush") return;
  for (const { metric, data } of line.histograms) if (metric === "delivery") merge(delivery, data);
}

/** Its entry by itself, as a user would run it: it journals, and tells nobody. */
async function engineAlone(engine: "k6" | "native", wanted: Wanted): Promise<Started> {
  const { tools, supervisor, dir, url, startEpochMs } = wanted;
  const access = { kind: "headers", headers: {} } as const;
  const entry = await writeEntry(
    { plan: planFor(engine, wanted), runDir: dir, endpoints: [url], access },
    engine,
  );
  const child = await supervisor.spawn({
    name: engine,
    command: engine === "k6" ? tools.k6.path : tools.node.path,
    args:
      engine === "k6"
        ? ["run", "--quiet", "--no-usage-report", "--no-thresholds", "--address=", entry]
        : [entry],
    env: { GOGC: gcPercentFor(wanted.connections) },
    cwd: dir,
    logFile: path.join(dir, "logs", `${engine}.log`),
    stopSignal: "SIGKILL",
  });
  const { pid } = child;
  return {
    pid,
    log: `${engine}.log`,
    startEpochMs,
    stop: () => child.stop(),
    p99Ms: async () => undefined,
  };
}

function planFor(engine: "k6" | "native", { connections }: Wanted): Plan {
  // 500 a second: what connects is not what is measured.
  const params = { ...listen.params, clients: connections, rampMs: Math.max(1_000, connections * 2) };
  return {
    format: 1,
    seed: 7,
    nonce: "abc123",
    timeScale: 1,
    scenario: { name: program("listen.ts"), params },
    engine,
    timing: listen.timing(params),
    clients: connections,
    roles: planRoles(listen, params, engine),
    clientDefects: [],
    target: { kind: "external", urls: [], connectHeaders: {}, metricsUrls: [] },
    timeline: [],
    checks: [],
  };
}
