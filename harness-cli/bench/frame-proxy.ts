import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { LinkFrames } from "../../chaos/topology.ts";
import type { Tools } from "../provision/tools.ts";
import { httpStatus } from "../target/answers.ts";
import { frameProxyProcess } from "../target/frame-proxy-process.ts";
import { choosePorts } from "../target/ports.ts";
import { ownProcess } from "../target/process-port.ts";
import type { Supervisor } from "../target/supervisor.ts";
import { toxiproxyProcess } from "../target/toxiproxy-process.ts";
import { figureOf, judged, shown, table } from "./figures.ts";
import { cpuMs } from "./process-cost.ts";
import { emptyTally, type Tally, Wire } from "./wire.ts";

/** From the issue: what the frame proxy adds to a round trip, over what Toxiproxy adds. */
const ADDED_RATIO = 2;
/** A chat message with its headers, as in the other benches. */
const TEXT = "y".repeat(540);
const ANSWER_DEADLINE_MS = 30_000;
const BURST_CONNECTIONS = 20;
const BURST_UNANSWERED = 10;
const WAYS = ["direct", "Toxiproxy", "frame proxy", "frame proxy, watching"] as const;
type Way = (typeof WAYS)[number];

export interface FrameProxyBenchOptions {
  readonly runs: number;
  readonly quick: boolean;
  readonly tools: Pick<Tools, "node" | "toxiproxy">;
  readonly supervisor: Supervisor;
  readonly logFolder: string;
  say(text: string): void;
}

interface Path {
  readonly way: Way;
  readonly url: string;
  /** Of the proxy; undefined for the direct way. */
  readonly pid: number | undefined;
  readonly frames: LinkFrames | undefined;
}

/**
 * What the frame proxy costs beside Toxiproxy and a direct link, all to one server that echoes: round trips, one way
 * after the other for every single message, so that a stall of the machine meets all of them alike; then bursts, for
 * the CPU time of a message. `watching` has a rule in force on its connections that hits nothing.
 */
export async function benchFrameProxy(options: FrameProxyBenchOptions): Promise<void> {
  const { runs, quick, say } = options;
  const paths = await startPaths(options);
  const rounds = await roundTrips(paths, runs, quick ? 300 : 2_000);
  say(
    `round trips of a ${TEXT.length}-byte text, ms; the ways take turns message by message\n${table(
      ["", "median", "p99", "added to the median"],
      WAYS.map((way) => [
        way,
        shown(figureOf(rounds.map((round) => round[way].medianMs)), 3),
        shown(figureOf(rounds.map((round) => round[way].p99Ms)), 3),
        shown(figureOf(rounds.map((round) => addedMs(round, way))), 3),
      ]),
    )}`,
  );
  for (const way of ["frame proxy", "frame proxy, watching"] as const) {
    const ratios = rounds.map((round) => addedMs(round, way) / addedMs(round, "Toxiproxy"));
    say(judged({ figure: figureOf(ratios), what: `${way}: added, over Toxiproxy's`, atMost: ADDED_RATIO }));
    // Of the whole trip: on a shared machine the difference of two p99s is mostly the machine's.
    const tails = rounds.map((round) => round[way].p99Ms / round.Toxiproxy.p99Ms);
    say(judged({ figure: figureOf(tails), what: `${way}: p99, over Toxiproxy's`, atMost: ADDED_RATIO }));
  }

  const bursts = await runBursts(paths, runs, quick ? 500 : 2_000);
  say(
    `\nbursts over ${BURST_CONNECTIONS} connections, ${BURST_UNANSWERED} unanswered on each; both directions of an echo are one message\n${table(
      ["", "messages/s", "proxy CPU, µs a message"],
      WAYS.map((way) => [
        way,
        shown(figureOf(bursts.map((burst) => burst[way].perSecond))),
        way === "direct" ? "" : shown(figureOf(bursts.map((burst) => burst[way].cpuUs)), 1),
      ]),
    )}`,
  );
}

interface Trip {
  readonly medianMs: number;
  readonly p99Ms: number;
}
type Round = Readonly<Record<Way, Trip>>;

function addedMs(round: Round, way: Way): number {
  return round[way].medianMs - round.direct.medianMs;
}

async function roundTrips(paths: readonly Path[], runs: number, messages: number): Promise<readonly Round[]> {
  const ends = await Promise.all(paths.map((each) => connect(each, 1)));
  const rounds: Round[] = [];
  // The first round warms all of them up and is not counted.
  for (let run = 0; run <= runs; run++) {
    const tripsMs = paths.map((): number[] => []);
    for (let i = 0; i < messages; i++) {
      for (let n = 0; n < paths.length; n++) {
        // Nobody always comes after the same neighbour.
        const way = (n + i) % paths.length;
        const [end] = ends[way]!.wires;
        const startMs = performance.now();
        const answered = oneAnswer(end!.tally);
        end!.wire.send(TEXT);
        await answered;
        tripsMs[way]!.push(performance.now() - startMs);
      }
    }
    if (run > 0) rounds.push(byWay(paths, (_, n) => quantiles(tripsMs[n]!)));
  }
  for (const end of ends) await end.close();
  return rounds;
}

interface Burst {
  readonly perSecond: number;
  readonly cpuUs: number;
}

async function runBursts(
  paths: readonly Path[],
  runs: number,
  perConnection: number,
): Promise<readonly Readonly<Record<Way, Burst>>[]> {
  const ends = await Promise.all(paths.map((each) => connect(each, BURST_CONNECTIONS)));
  const all: Readonly<Record<Way, Burst>>[] = [];
  for (let run = 0; run <= runs; run++) {
    const bursts: Burst[] = [];
    for (const [n, { pid }] of paths.entries()) {
      const pids = pid === undefined ? [] : [pid];
      const beforeMs = await cpuMs(pids);
      const startMs = performance.now();
      await Promise.all(ends[n]!.wires.map((end) => echoes(end, perConnection)));
      const seconds = (performance.now() - startMs) / 1_000;
      const messages = BURST_CONNECTIONS * perConnection;
      bursts.push({
        perSecond: messages / seconds,
        cpuUs: (((await cpuMs(pids)) - beforeMs) * 1_000) / messages,
      });
    }
    if (run > 0) all.push(byWay(paths, (_, n) => bursts[n]!));
  }
  for (const end of ends) await end.close();
  return all;
}

interface End {
  readonly wire: Wire;
  readonly tally: Tally;
}

async function connect(
  { url, frames }: Path,
  connections: number,
): Promise<{ readonly wires: readonly End[]; close(): Promise<void> }> {
  const wires = await Promise.all(
    Array.from({ length: connections }, async () => {
      const tally = emptyTally();
      return { wire: await Wire.open(url, tally), tally };
    }),
  );
  const rule = await frames?.disturb({
    label: "bench",
    victims: connections,
    streams: ["upstream", "downstream"],
    frame: "any",
    destination: "",
    nth: Number.MAX_SAFE_INTEGER,
    count: 1,
    act: { kind: "drop" },
  });
  if (rule !== undefined && (await frames?.state(rule))?.victims.length !== connections)
    throw new Error("the rule does not watch every connection");
  return {
    wires,
    async close() {
      if (rule !== undefined) await frames?.lift(rule);
      for (const { wire } of wires) wire.close();
    },
  };
}

function oneAnswer(tally: Tally): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = setTimeout(() => reject(new Error("an echo did not come")), ANSWER_DEADLINE_MS);
  tally.onMessage = () => {
    clearTimeout(late);
    resolve();
  };
  return promise;
}

/** Keeps so many unanswered until all have come. */
async function echoes({ wire, tally }: End, messages: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = setTimeout(
    () => reject(new Error(`echoes are missing: ${wire.ended ?? ""}`)),
    ANSWER_DEADLINE_MS,
  );
  let sent = BURST_UNANSWERED;
  let answered = 0;
  tally.onMessage = () => {
    answered += 1;
    if (sent < messages) {
      sent += 1;
      wire.send(TEXT);
    } else if (answered === messages) {
      resolve();
    }
  };
  wire.send(...Array.from({ length: BURST_UNANSWERED }, () => TEXT));
  await promise.finally(() => clearTimeout(late));
}

function quantiles(valuesMs: number[]): Trip {
  const sorted = valuesMs.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return { medianMs: at(0.5), p99Ms: at(0.99) };
}

function byWay<T>(paths: readonly Path[], of: (path: Path, n: number) => T): Readonly<Record<Way, T>> {
  return Object.fromEntries(paths.map((each, n) => [each.way, of(each, n)])) as Record<Way, T>;
}

/** @throws SeaworthyError SW_START_FAILED */
async function startPaths(options: FrameProxyBenchOptions): Promise<readonly Path[]> {
  const { supervisor, tools, logFolder } = options;
  await mkdir(logFolder, { recursive: true });
  const folder = await supervisor.temporaryFolder("bench");
  const names = ["server", "toxiproxy", "control", "through-toxiproxy", "plain", "watching"] as const;
  const ports = await choosePorts(names);
  const at = (name: (typeof names)[number]) => `127.0.0.1:${ports[name]}`;
  const logFile = (name: string) => path.join(logFolder, `${name}.log`);
  const own = { supervisor, onEvent: () => {} };

  const server = ownProcess({
    ...own,
    spec: {
      name: "echo-server",
      command: tools.node.path,
      args: [fileURLToPath(new URL("./programs/echo-server.ts", import.meta.url)), String(ports.server)],
      logFile: logFile("echo-server"),
    },
    answers: async (timeoutMs) => (await httpStatus(`http://${at("server")}/`, timeoutMs)) === 200,
  });
  const upstream = at("server");
  const toxiproxy = toxiproxyProcess({
    name: "toxiproxy",
    ...own,
    tools,
    folder,
    port: ports.toxiproxy,
    logFile: logFile("toxiproxy"),
    links: [{ name: "bench/clients", listen: at("through-toxiproxy"), upstream, probe: "http" }],
  });
  const frameProxy = frameProxyProcess({
    ...own,
    tools,
    folder,
    port: ports.control,
    logFile: logFile("frame-proxy"),
    seed: 1,
    links: [
      { name: "plain", listen: at("plain"), upstream },
      { name: "watching", listen: at("watching"), upstream },
    ],
  });
  await Promise.all([server.start(), toxiproxy.start(), frameProxy.start()]);
  const url = (name: (typeof names)[number]) => `ws://${at(name)}/`;
  const pid = frameProxy.process.pid();
  return [
    { way: "direct", url: url("server"), pid: undefined, frames: undefined },
    { way: "Toxiproxy", url: url("through-toxiproxy"), pid: toxiproxy.process.pid(), frames: undefined },
    { way: "frame proxy", url: url("plain"), pid, frames: undefined },
    { way: "frame proxy, watching", url: url("watching"), pid, frames: frameProxy.frames("watching") },
  ];
}
