/**
 * Random schedules of faults on one real 3-instance system with light traffic, and what must be true after each:
 * every window ended, everything is undone, no toxic and no stopped process is left, and the system carries messages
 * between all its instances again. Some of them in a process of their own that is killed by -9 in the middle.
 *
 *   node harness-cli/e2e/random-schedules.ts --count 200 --killed 10 --seed 1
 *
 * Exit 0 when all went well. A schedule that fails can be repeated alone: --count 1 --seed <its seed>.
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { askUntil, messageOf } from "../../chaos/deadline.ts";
import type { Fault } from "../../chaos/fault.ts";
import { conduct, type FaultEvent, type Stage } from "../../chaos/timeline.ts";
import type { Reference } from "../../reports/record/plan.ts";
import { random } from "../../scenarios/model/random.ts";
import { loadCatalog } from "../catalog.ts";
import { portNamed } from "../disturb.ts";
import type { ProcessNews } from "../target/process-port.ts";
import { steadyStateAgain } from "../target/steady-state.ts";
import { undoLogIn } from "../undo-log.ts";
import { markedProcesses } from "./cli-process.ts";
import { randomSchedule, tellSchedule } from "./random-schedule.ts";
import { RawStompClient } from "./raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "./reference-system.ts";

const INSTANCES = 3;
const target: Reference = { kind: "reference", instances: INSTANCES, defects: [], runAs: "processes" };
/** A message that is sent when all is well takes milliseconds; clients that reconnect may still be on their way. */
const CARRIES_WITHIN_MS = 30_000;
/** The watchdog's own promise is 5 s on a machine that is not starved. */
const CLEARED_WITHIN_MS = 30_000;

export interface Outcome {
  readonly seed: number;
  readonly schedule: string;
  readonly steps: Readonly<Record<string, number>>;
  /** What the faults said of themselves when they could not be injected or had no effect: no defect by itself. */
  readonly odd: readonly string[];
  /** What is wrong, one sentence each; empty when all is well. */
  readonly wrong: readonly string[];
}

/** Faults that need nothing but the system itself: a user's commands have none here. */
export async function faultsToDraw(): Promise<readonly Fault[]> {
  return [...(await loadCatalog()).faults.values()].filter(
    ({ on, runAs }) => on !== "shell" && on !== "balancer" && (runAs?.includes("processes") ?? true),
  );
}

/** One system that many schedules hit, one after the other. */
export async function theatre(): Promise<
  AsyncDisposable & { play(seed: number, onEvent?: (event: FaultEvent) => void): Promise<Outcome> }
> {
  const faults = await faultsToDraw();
  const byName = new Map(faults.map((fault) => [fault.name, fault]));
  const deaths: ProcessNews[] = [];
  const system = await bringUpReference(
    INSTANCES,
    1,
    {},
    {
      framesEverywhere: true,
      onEvent: (event) => void (event.what === "exited" && !event.expected && deaths.push(event)),
    },
  );
  const runDir = path.dirname(system.logs);
  const traffic = lightTraffic(system);

  async function play(seed: number, onEvent: (event: FaultEvent) => void = () => {}): Promise<Outcome> {
    const windows = randomSchedule(seed, faults, target);
    const startMs = performance.now();
    const nowMs = () => performance.now() - startMs;
    const steps: Record<string, number> = {};
    const odd: string[] = [];
    const stage: Stage = {
      nowMs,
      at: (ms, signal) => wait(Math.max(0, ms - nowMs()), undefined, { signal }).catch(() => {}),
      port: (name, on) => portNamed(system.target.topology, name, on),
      fault: (name) => byName.get(name) as Fault,
      record(event) {
        steps[event.step] = (steps[event.step] ?? 0) + 1;
        if (["failed", "not-observed", "not-healed"].includes(event.step)) {
          odd.push(`${event.fault} ${event.target}: ${event.step} (${event.detail})`);
        }
        onEvent(event);
      },
      undoLog: undoLogIn(runDir),
    };
    deaths.length = 0;
    const { notHealed } = await conduct(windows, stage, new AbortController().signal);
    const wrong = [
      ...notHealed.map(({ fault, target: where }) => `${fault} on ${where} was not healed`),
      ...deaths.map(
        ({ name, code, signal, lastLines = [] }) =>
          `${name} died of itself (${signal ?? `exit ${code}`}): ${lastLines.slice(-8).join(" | ")}`,
      ),
      ...(await whatIsLeft(system, runDir)),
    ];
    return { seed, schedule: tellSchedule(windows), steps, odd, wrong };
  }

  return {
    play,
    async [Symbol.asyncDispose]() {
      await traffic[Symbol.asyncDispose]();
      await system[Symbol.asyncDispose]();
    },
  };
}

/** Looks at the system itself, not at what the faults say of themselves. */
async function whatIsLeft(system: ReferenceSystem, runDir: string): Promise<string[]> {
  const { topology } = system.target;
  const wrong: string[] = [];
  const steady = await steadyStateAgain(topology, CARRIES_WITHIN_MS);
  for (const [name, answers] of Object.entries(steady.answers))
    if (!answers) wrong.push(`${name} does not answer`);
  for (const link of topology.links) {
    const toxics = await link.toxics();
    if (toxics.length > 0) wrong.push(`${link.name} still has ${toxics.join(", ")}`);
  }
  for (const each of topology.processes) {
    if (each.pid() === undefined) wrong.push(`${each.name} is not running`);
    if (each.frozen()) wrong.push(`${each.name} is still stopped`);
  }
  const undo = await readdir(path.join(runDir, "undo")).catch(() => []);
  // The next schedule is not to answer for this one.
  await rm(path.join(runDir, "undo"), { recursive: true, force: true });
  if (undo.length > 0) wrong.push(`the undo log still has ${undo.join(", ")}`);
  const carries = await askUntil({
    what: "a message from each instance to all",
    ask: () => carriesBetweenAll(system),
    untilMs: (
      (untilMs) => () =>
        untilMs
    )(performance.now() + CARRIES_WITHIN_MS),
    everyMs: 2_000,
  });
  if (!carries.yes) wrong.push(`it does not carry messages between its instances: ${carries.why}`);
  return wrong;
}

let rooms = 0;

async function carriesBetweenAll(system: ReferenceSystem): Promise<boolean> {
  const room = `after-${++rooms}`;
  const clients: RawStompClient[] = [];
  try {
    for (let server = 1; server <= INSTANCES; server++) {
      const client = await RawStompClient.connect(system, server, `after-${server}`);
      clients.push(client);
      await client.subscribe(`/topic/room.${room}`);
    }
    for (const [i, client] of clients.entries()) client.say(room, `from ${i}`);
    for (const client of clients) for (const i of clients.keys()) await client.heard(room, `from ${i}`);
    return true;
  } finally {
    for (const { ws } of clients) ws.terminate();
  }
}

/** Two users at each instance, who come back whenever they are lost and say something four times a second. */
function lightTraffic(system: ReferenceSystem): AsyncDisposable {
  const over = new AbortController();
  const live = async (server: number, user: string): Promise<void> => {
    while (!over.signal.aborted) {
      let client: RawStompClient | undefined;
      try {
        client = await RawStompClient.connect(system, server, user);
        await client.subscribe("/topic/room.light");
        for (let n = 0; !over.signal.aborted && client.ws.readyState === client.ws.OPEN; n++) {
          client.say("light", `${user} ${n}`);
          client.frames.length = 0;
          await wait(250);
        }
      } catch {
        // What happened to it is the fault's doing; it comes back.
      } finally {
        client?.ws.terminate();
      }
      await wait(500, undefined, { signal: over.signal }).catch(() => {});
    }
  };
  const users = Array.from({ length: 2 * INSTANCES }, (_, i) => live((i % INSTANCES) + 1, `user-${i}`));
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await Promise.all(users);
    },
  };
}

/**
 * The same in a process of its own that is killed by -9 as soon as a drawn number of its faults are in force. Nothing
 * that it started may be left, however that was left: running, stopped or limited.
 */
export async function playKilled(seed: number): Promise<Outcome> {
  const folder = await mkdtemp(path.join(tmpdir(), "seaworthy-killed-"));
  const temporary = path.join(folder, "tmp");
  await mkdir(temporary);
  const script = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [script, "--count", "1", "--seed", String(seed), "--events"], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const steps: Record<string, number> = {};
  const last = (["injecting", "injected", "observed", "healing"] as const)[
    Math.floor(random(seed, "kill")() * 4)
  ] as string;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const event = JSON.parse(line) as FaultEvent;
      steps[event.step] = (steps[event.step] ?? 0) + 1;
      if (event.step === last) child.kill("SIGKILL");
    }
    const untilMs = performance.now() + CLEARED_WITHIN_MS;
    for (;;) {
      const left = await markedProcesses(`TMPDIR=${temporary}`);
      // The run's own folder is the test's to remove: a record outlives its run.
      const files = (await readdir(temporary)).filter(
        (name) => !name.startsWith("seaworthy-reference-system-"),
      );
      const wrong = [
        ...left.map(({ command }) => `still there: ${command}`),
        ...files.map((file) => `still there: ${file}`),
      ];
      if (child.signalCode !== "SIGKILL")
        wrong.push(`it was not killed in the middle (exit ${child.exitCode})`);
      const schedule = `killed at the first ${last}: ${tellSchedule(randomSchedule(seed, await faultsToDraw(), target))}`;
      if (wrong.length === 0 || performance.now() > untilMs) return { seed, schedule, steps, odd: [], wrong };
      await wait(100);
    }
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: "200" },
      killed: { type: "string", default: "0" },
      seed: { type: "string", default: "1" },
      events: { type: "boolean", default: false },
    },
  });
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  const first = Number(values.seed);
  const all: Outcome[] = [];
  const tell = (outcome: Outcome) => {
    all.push(outcome);
    if (values.events) return;
    const steps = Object.entries(outcome.steps).map(([step, count]) => `${step} ${count}`);
    print(
      `${outcome.wrong.length === 0 ? "ok " : "BAD"} seed ${outcome.seed}: ${outcome.schedule} (${steps.join(", ")})`,
    );
    for (const sentence of outcome.odd) print(`      ${sentence}`);
    for (const sentence of outcome.wrong) print(`  BAD ${sentence}`);
  };
  const onEvent = values.events ? (event: FaultEvent) => print(JSON.stringify(event)) : undefined;
  let n = 0;
  while (n < Number(values.count)) {
    // What a schedule has broken for good must not be blamed on those after it.
    await using stage = await theatre();
    let isWhole = true;
    while (isWhole && n < Number(values.count)) {
      const outcome = await stage.play(first + n++, onEvent);
      tell(outcome);
      isWhole = outcome.wrong.length === 0;
    }
  }
  for (let k = 0; k < Number(values.killed); k++) tell(await playKilled(first + 10_000 + k));
  const bad = all.filter(({ wrong }) => wrong.length > 0);
  if (!values.events) {
    print(`${all.length - bad.length} of ${all.length} schedules left the system as it was`);
    if (bad.length > 0) print(`bad seeds: ${bad.map(({ seed }) => seed).join(" ")}`);
  }
  process.exitCode = bad.length === 0 ? 0 : 1;
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : messageOf(error)}\n`);
    process.exitCode = 1;
  });
}
