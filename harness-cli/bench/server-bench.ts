import { messageOf } from "../../chaos/deadline.ts";
import type { Tools } from "../provision/tools.ts";
import type { Supervisor } from "../target/supervisor.ts";
import { runConnects } from "./connects.ts";
import { bare, rabbitMq, reference } from "./contenders.ts";
import { type FanOut, fillRoom, type Room, runFanOut, runPaced } from "./fan-out.ts";
import { figureOf, judged, ratioOf, shown, table } from "./figures.ts";
import { runIdle } from "./idle.ts";
import { lagP99, readLag } from "./lag.ts";
import { watchMachine } from "./machine-load.ts";
import { type RabbitMq, startRabbitMq } from "./rabbitmq.ts";
import { connectSenders, runSends } from "./sends.ts";
import { type BenchSystem, startSystem } from "./system.ts";

export const PARTS = ["a", "b", "c", "d", "e"] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  readonly parts: readonly Part[];
  /** Of every contender, interleaved; at least 5 for a figure to be shown to others. */
  readonly runs: number;
  /** Fewer and shorter: to see that it works, not to be quoted. */
  readonly quick: boolean;
  readonly tools: Pick<Tools, "node" | "redis" | "postgres">;
  readonly supervisor: Supervisor;
  readonly logFolder: string;
  say(text: string): void;
}

/** Ratios to reach, from the issue. */
const LIMIT_RATIO = 0.7;
const PLAIN_RATIO = 4;
const RABBITMQ_RATIO = 2;
const IDLE_KB = 20;
const LAG_SECONDS = 0.02;
/** Due in the same tick, for the second half of (a). */
const DUE = 10;

interface Bench extends BenchOptions {
  readonly system: BenchSystem;
  readonly rabbit: RabbitMq | undefined;
  readonly subscribers: number;
  readonly runMs: number;
}

/** Prints each part as it is done. Every contender's runs are interleaved with the others', so that they meet the same machine. */
export async function benchServer(options: BenchOptions): Promise<void> {
  const { parts, quick, supervisor, tools, logFolder, say } = options;
  const system = await startSystem(supervisor, tools, logFolder);
  const rabbit = parts.some((part) => part !== "b" && part !== "c")
    ? await startRabbitMq(supervisor, logFolder)
    : { why: "not needed" };
  if (rabbit.broker === undefined) say(`without RabbitMQ: ${rabbit.why}`);
  const bench: Bench = {
    ...options,
    system,
    rabbit: rabbit.broker,
    subscribers: quick ? 200 : 1_000,
    runMs: quick ? 500 : 1_500,
  };
  const doing = { a: oneInstance, b: threeInstances, c: idleConnections, d: connectRate, e: sendRate };
  for (const part of parts) {
    const machine = await watchMachine();
    await doing[part](bench);
    say(await machine());
  }
}

async function oneInstance(bench: Bench): Promise<void> {
  const { system, say, subscribers } = bench;
  const server = await system.startReference("bench-a");
  const bareServer = await system.startBare("bare-a");
  const contenders = [
    reference("reference server", [server], system),
    bare("pre-framed limit", [bareServer], "framed"),
    bare("plain ws.send loop", [bareServer], "plain"),
    bare("pre-framed, corked", [bareServer], "corked"),
    ...(bench.rabbit === undefined ? [] : [rabbitMq(bench.rabbit)]),
  ];
  // The three ways of the bare server share its subscribers.
  const filled = new Map<string, Room>();
  const rooms = await prepared(bench, contenders, async (contender): Promise<Room> => {
    const key = contender.urls.join();
    const room = filled.get(key) ?? (await fillRoom(contender, subscribers, "a"));
    filled.set(key, room);
    return { ...room, contender };
  });
  try {
    const one = await interleaved(bench, rooms, 1);
    say(`(a) fan-out, 1 publisher to ${subscribers} subscribers of one instance, one message due at a time`);
    say(fanOutTable(one));
    const perCpu = perCpuOf(one);
    say(
      judged({
        what: "of the pre-framed limit, by CPU",
        figure: ratioOf(perCpu("reference server"), perCpu("pre-framed limit")),
        atLeast: LIMIT_RATIO,
      }),
    );
    againstRabbit(bench, one);

    const ten = await interleaved(bench, rooms, DUE);
    say(`\n(a) the same with ${DUE} messages due in the same tick`);
    say(fanOutTable(ten));
    const perCpuTen = perCpuOf(ten);
    say(
      judged({
        what: "times the plain ws.send loop, by CPU",
        figure: ratioOf(perCpuTen("reference server"), perCpuTen("plain ws.send loop")),
        atLeast: PLAIN_RATIO,
      }),
    );
    againstRabbit(bench, ten);

    await lagAtHalfCapacity(bench, rooms[0]!, server.metricsUrl, figureOf(perCpu("reference server")).median);
  } finally {
    for (const room of filled.values()) room[Symbol.dispose]();
    await Promise.all([server.process.stop(), bareServer.process.stop()]);
  }
}

async function lagAtHalfCapacity(bench: Bench, room: Room, metricsUrl: string, perCpuSecond: number) {
  const everyMs = (1_000 * room.subscribers) / (perCpuSecond / 2);
  const p99s: number[] = [];
  for (let run = 0; run < bench.runs; run++) {
    const before = await readLag(metricsUrl);
    await runPaced(room, everyMs, bench.runMs * 2);
    p99s.push((lagP99(before, await readLag(metricsUrl)) ?? Number.NaN) * 1_000);
  }
  bench.say(`\n(a) at half capacity, one message every ${everyMs.toFixed(1)} ms`);
  bench.say(
    judged({
      what: "ms of event-loop lag at p99 (bucket's edge)",
      figure: figureOf(p99s),
      atMost: LAG_SECONDS * 1_000,
      digits: 0,
    }),
  );
}

async function threeInstances(bench: Bench): Promise<void> {
  const { system, say, subscribers } = bench;
  const names = ["b-1", "b-2", "b-3"];
  const servers = await Promise.all(names.map((name) => system.startReference(`bench-${name}`)));
  const bareServers = await Promise.all(names.map((name) => system.startBare(`bare-${name}`)));
  const contenders = [
    reference("reference server × 3", servers, system),
    bare("pre-framed limit × 3", bareServers, "framed"),
  ];
  const rooms = [];
  for (const contender of contenders) rooms.push(await fillRoom(contender, subscribers, "b"));
  try {
    for (const due of [1, DUE]) {
      const results = await interleaved(bench, rooms, due);
      say(`\n(b) fan-out to ${subscribers} subscribers over 3 instances through Redis, ${due} due at a time`);
      say(fanOutTable(results));
      const perCpu = perCpuOf(results);
      const figure = ratioOf(perCpu("reference server × 3"), perCpu("pre-framed limit × 3"));
      say(`  ${shown(figure, 2)} of the pre-framed limit, which needs no Redis, by CPU`);
    }
  } finally {
    for (const room of rooms) room[Symbol.dispose]();
    await Promise.all([...servers, ...bareServers].map(({ process }) => process.stop()));
  }
}

async function idleConnections(bench: Bench): Promise<void> {
  const { system, say, quick, runs } = bench;
  const connections = quick ? 1_000 : 5_000;
  const kilobytes: Record<"reference" | "bare", number[]> = { reference: [], bare: [] };
  const cpuPercent: Record<"reference" | "bare", number[]> = { reference: [], bare: [] };
  for (let run = 0; run < runs; run++) {
    for (const kind of ["reference", "bare"] as const) {
      const server =
        kind === "reference"
          ? await system.startReference(`bench-c-${run}`)
          : await system.startBare(`bare-c-${run}`);
      const contender =
        kind === "reference"
          ? reference("idle", [server], system, "25000,25000")
          : bare("idle", [server], "plain");
      const idle = await runIdle(contender, connections, quick ? 2_000 : 8_000, () =>
        server.process.signal("SIGUSR2"),
      );
      kilobytes[kind].push(idle.bytesEach / 1_024);
      cpuPercent[kind].push(idle.cpuShare * 100);
      await server.process.stop();
    }
  }
  say(`\n(c) ${connections} idle connections with heart-beats of 25 s`);
  say(
    table(
      ["", "KB each", "% of a core, all of them"],
      [
        [
          "reference server",
          shown(figureOf(kilobytes.reference), 1),
          shown(figureOf(cpuPercent.reference), 1),
        ],
        ["bare ws server", shown(figureOf(kilobytes.bare), 1), shown(figureOf(cpuPercent.bare), 1)],
      ],
    ),
  );
  const above = kilobytes.reference.map((kb, n) => kb - kilobytes.bare[n]!);
  say(judged({ what: "KB above the bare server", figure: figureOf(above), atMost: IDLE_KB, digits: 1 }));
}

async function connectRate(bench: Bench): Promise<void> {
  const { system, say, quick } = bench;
  const count = quick ? 200 : 1_000;
  const server = await system.startReference("bench-d");
  const bareServer = await system.startBare("bare-d");
  const contenders = [
    reference("reference server, JWT", [server], system),
    bare("bare ws upgrade", [bareServer], "plain"),
    ...(bench.rabbit === undefined ? [] : [rabbitMq(bench.rabbit)]),
  ];
  const ready = await prepared(bench, contenders, async (contender) => {
    await runConnects(contender, 100);
    return contender;
  });
  const rows = await turns(bench, ready, (contender) => runConnects(contender, count));
  say(`\n(d) ${count} connects, 50 at a time`);
  say(rateTable("connects", rows));
  await Promise.all([server.process.stop(), bareServer.process.stop()]);
}

async function sendRate(bench: Bench): Promise<void> {
  const { system, say, runMs } = bench;
  const server = await system.startReference("bench-e");
  const bareServer = await system.startBare("bare-e");
  const contenders = [
    reference("reference server", [server], system),
    bare("bare ws + batched INSERT", [bareServer], "plain"),
    ...(bench.rabbit === undefined ? [] : [rabbitMq(bench.rabbit)]),
  ];
  const senders = await prepared(bench, contenders, async (contender) => {
    const one = await connectSenders(contender);
    await runSends(one, 300);
    return { ...one, name: contender.name };
  });
  const rows = await turns(bench, senders, (one) => runSends(one, runMs));
  say("\n(e) persist-first SENDs with receipts, 10 senders with 20 unanswered each");
  say(rateTable("stored", rows));
  for (const one of senders) one[Symbol.dispose]();
  await Promise.all([server.process.stop(), bareServer.process.stop()]);
}

type Results<R> = ReadonlyMap<string, readonly R[]>;

/** What each needs before its runs, one after the other. */
async function prepared<C extends { readonly name: string }, P>(
  bench: Bench,
  contenders: readonly C[],
  prepare: (contender: C) => Promise<P>,
): Promise<readonly P[]> {
  const ready: P[] = [];
  for (const contender of contenders) {
    const made = await unlessLeftOut(bench, contender.name, () => prepare(contender));
    if (made !== undefined) ready.push(made);
  }
  return ready;
}

async function turns<C extends { readonly name: string }, R>(
  bench: Bench,
  contenders: readonly C[],
  run: (contender: C) => Promise<R>,
): Promise<Results<R>> {
  const results = new Map<string, R[]>(contenders.map(({ name }) => [name, []]));
  for (let n = 0; n < bench.runs; n++) {
    for (const contender of contenders) {
      const { name } = contender;
      const runs = results.get(name);
      const result = runs && (await unlessLeftOut(bench, name, () => run(contender)));
      if (result === undefined) results.delete(name);
      else runs?.push(result);
    }
  }
  return results;
}

/** What of ours fails fails the bench; a broker of others that does is left out, with what was wrong. */
async function unlessLeftOut<R>({ say }: Bench, name: string, act: () => Promise<R>): Promise<R | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!isRabbit(name)) throw error;
    say(`  ${name} is left out of what follows: ${messageOf(error)}`);
    return undefined;
  }
}

const isRabbit = (name: string) => name.startsWith("RabbitMQ");

function interleaved(bench: Bench, rooms: readonly Room[], due: number): Promise<Results<FanOut>> {
  const named = rooms.map((room) => ({ name: room.contender.name, room }));
  return turns(bench, named, ({ room }) => runFanOut(room, due, bench.runMs));
}

const perCpuOf = (results: Results<FanOut>) => (name: string) =>
  (results.get(name) ?? []).map(({ perCpuSecond }) => perCpuSecond);

function againstRabbit({ rabbit, say }: Bench, results: Results<FanOut>): void {
  const name = [...results.keys()].find(isRabbit);
  if (rabbit === undefined || name === undefined) return;
  const perCpu = perCpuOf(results);
  const perSecond = (of: string) => (results.get(of) ?? []).map((one) => one.perSecond);
  say(
    judged({
      what: "times RabbitMQ, by CPU",
      figure: ratioOf(perCpu("reference server"), perCpu(name)),
      atLeast: RABBITMQ_RATIO,
    }),
  );
  say(
    judged({
      what: "times RabbitMQ, by the clock",
      figure: ratioOf(perSecond("reference server"), perSecond(name)),
      atLeast: RABBITMQ_RATIO,
    }),
  );
}

function fanOutTable(results: Results<FanOut>): string {
  const rows = [...results].map(([name, runs]) => [
    name,
    shown(figureOf(runs.map((run) => run.perCpuSecond))),
    shown(figureOf(runs.map((run) => 1e6 / run.perCpuSecond)), 2),
    shown(figureOf(runs.map((run) => run.perSecond))),
    shown(figureOf(runs.map((run) => run.bytesEach))).replace(/ .*/, ""),
  ]);
  return table(["", "deliveries per CPU second", "CPU µs each", "per second of the clock", "bytes"], rows);
}

function rateTable(
  what: string,
  results: Results<{ readonly perSecond: number; readonly perCpuSecond: number }>,
): string {
  const rows = [...results].map(([name, runs]) => [
    name,
    shown(figureOf(runs.map((run) => run.perCpuSecond))),
    shown(figureOf(runs.map((run) => 1e6 / run.perCpuSecond))),
    shown(figureOf(runs.map((run) => run.perSecond))),
  ]);
  return table(["", `${what} per CPU second`, "CPU µs each", "per second of the clock"], rows);
}
