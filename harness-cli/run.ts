import path from "node:path";
import { messageOf } from "../chaos/deadline.ts";
import type { FaultEvent, FaultWindow } from "../chaos/timeline.ts";
import type { Ended } from "../reports/record/history.ts";
import type { Plan } from "../reports/record/plan.ts";
import { createRunDir, pointLatestAt } from "../reports/record/run-dir.ts";
import { openRecord, RecordFull, type RecordWriter } from "../reports/record/writer.ts";
import { LOOK_EVERY_MS, watchForBreach } from "./breach-watch.ts";
import { RateGuard } from "./caps.ts";
import type { Catalog } from "./catalog.ts";
import { Conditions } from "./conditions.ts";
import { disturb, faultsOf, portNamed } from "./disturb.ts";
import { SeaworthyError } from "./errors.ts";
import { type Interrupt, listenForInterrupt } from "./interrupt.ts";
import { Live } from "./live.ts";
import { type LoadEnd, type RunningLoad, startLoad } from "./load/load.ts";
import { machineDescription } from "./machine.ts";
import { type Judged, judgeRun, writeOutputs } from "./outputs.ts";
import { startProbe } from "./probe/probe.ts";
import type { Progress } from "./progress.ts";
import { progressBy } from "./provision/progress.ts";
import { findTools, type Tools } from "./provision/tools.ts";
import { neededBalancer, unneededTools } from "./run-as.ts";
import { RunClock } from "./run-clock.ts";
import { sampleEverySecond } from "./sampling.ts";
import { withSecrets } from "./secrets.ts";
import { bringUp } from "./target/bring-up.ts";
import { meetDaemon } from "./target/containers/daemon.ts";
import { assertAllowed, assertCredentials, assertProxiesPossible } from "./target/external.ts";
import { shells } from "./target/shell.ts";
import { steadyStateAgain } from "./target/steady-state.ts";
import { createSupervisor } from "./target/supervisor.ts";
import type { RunningTarget } from "./target/target.ts";
import { undoLogIn } from "./undo-log.ts";
import type { World } from "./world.ts";
import { writtenOrRefused } from "./written.ts";

export interface RunContext {
  readonly world: World;
  readonly catalog: Catalog;
  /** The folder that gets `<id>/` and `latest`. */
  readonly runsDir: string;
  readonly progress: Progress;
  /** Hosts off this machine that may be loaded. */
  readonly allowHosts: readonly string[];
  /** End early as soon as a breach is beyond doubt. */
  readonly abortOnBreach?: boolean;
  /** What a self-test does beside the load, from go on. The run waits for it. */
  readonly beside?: (stage: Beside) => Promise<void>;
}

/** What is there while the load runs. */
export interface Beside {
  readonly target: RunningTarget;
  readonly load: Pick<RunningLoad, "signal">;
  /** The run is ending; whatever waits for it then should end as well. */
  readonly signal: AbortSignal;
  nowMs(): number;
  /** Resolves at that time of the run, or when the run ends. */
  at(ms: number): Promise<void>;
}

export interface RunResult extends Judged {
  readonly dir: string;
}

/** How far ahead of "now" time zero is put, so that every engine hears of it before. */
const GO_LEAD_MS = 100;
/** How long clients may drain after an interrupt. */
const INTERRUPT_DRAIN_MS = 1_000;

/**
 * A whole run: bring the system up, load it, break it, write everything down, judge what was written. Whatever goes
 * wrong once the run's folder exists becomes the record's one `ended`; a bug is recorded as well and thrown on.
 */
export async function run(plan: Plan, context: RunContext): Promise<RunResult> {
  const { world, catalog, runsDir, progress } = context;
  if (plan.target.kind === "external") {
    assertProxiesPossible(plan);
    await assertAllowed(plan.target, context.allowHosts);
    await assertCredentials(plan.target, world.env);
  }
  if (plan.target.kind === "reference" && plan.target.runAs === "containers") await meetDaemon(world.env);
  const tools = await findTools({
    balancer: neededBalancer(plan.target),
    unneeded: unneededTools(plan.target),
    progress: progressBy((text) => progress.say(text)),
  });
  const dir = await writtenOrRefused(runsDir, () => createRunDir(runsDir, plan, world.now()));
  // Before anything is said: whoever reads that it began may want it to end.
  using interrupt = listenForInterrupt(world);
  const record = await writtenOrRefused(runsDir, () => openRecord(dir, plan));
  await pointLatestAt(runsDir, dir);
  progress.say(
    `run ${path.basename(dir)}: ${plan.scenario.name}, ${plan.clients} clients, seed ${plan.seed}`,
  );

  const clock = new RunClock(world);
  let ended: Ended = { how: "completed" };
  try {
    record.history({ kind: "run", atMs: clock.nowMs(), what: "planned" });
    ended = await perform(plan, context, { dir, record, clock, interrupt, tools });
  } catch (error) {
    ended = failed(error);
    if (ended.how === "failed" && ended.code === "SW_BUG" && interrupt.by === undefined) throw error;
  } finally {
    // What may still be broken is worse news than that somebody wanted to leave.
    if (interrupt.by !== undefined && !isNotHealed(ended)) ended = { how: "interrupted", by: interrupt.by };
    record.close({ kind: "run", atMs: clock.nowMs(), what: "ended", ended });
  }

  const judged = await judgeRun(dir, catalog, world.cwd);
  await writeOutputs(dir, judged);
  return { dir, ...judged };
}

interface Performance {
  readonly dir: string;
  readonly record: RecordWriter;
  readonly clock: RunClock;
  readonly interrupt: Interrupt;
  readonly tools: Tools;
}

/** Everything that has an effect on the world, between the empty record and the full one. */
async function perform(plan: Plan, context: RunContext, on: Performance): Promise<Ended> {
  const { world, progress, catalog, allowHosts } = context;
  const { dir, record, clock, interrupt, tools } = on;
  const faults = await faultsOf(plan, catalog, world.cwd);
  const live = new Live();
  const conditions = new Conditions((ms, signal) => clock.at(ms, signal));
  const caps = plan.target.kind === "external" ? plan.target.caps : undefined;
  const rate = caps && new RateGuard(caps.ratePerSecond);
  const reportLag = longestSinceAsked();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});

  progress.show("bringing the target up");
  await using supervisor = await createSupervisor({ node: tools.node.path, runDir: dir });
  await using target = await bringUp({
    plan,
    tools,
    runDir: dir,
    supervisor,
    allowHosts,
    signal: interrupt.signal,
    onEvent(event) {
      record.history({ kind: "process", atMs: clock.nowMs(), ...event });
      if (event.what === "exited" && !event.expected) broken.reject(unexpectedExit(event));
    },
  });
  record.history({
    kind: "run",
    atMs: clock.nowMs(),
    what: "target-ready",
    versions: { ...target.versions, machine: machineDescription() },
  });

  await using breaches = context.abortOnBreach
    ? watchForBreach({ dir, plan, catalog, cwd: world.cwd, lookEveryMs: LOOK_EVERY_MS })
    : undefined;
  const access = withSecrets(target.access, world.env);
  await using probe = plan.probe
    ? await startProbe({
        node: tools.node.path,
        runDir: dir,
        supervisor,
        onSample: (sample) => record.sample(sample),
        onLost: (detail) => record.history({ kind: "load", atMs: clock.nowMs(), what: "lost", detail }),
      })
    : undefined;
  progress.show("starting the clients");
  await using load = await startLoad({
    plan,
    runDir: dir,
    tools,
    supervisor,
    endpoints: target.endpoints,
    ...(target.hosts ? { hosts: target.hosts } : {}),
    ...(target.caFile ? { caFile: target.caFile } : {}),
    access,
    cwd: world.cwd,
    onTelemetry(line) {
      record.telemetry(line);
      live.telemetry(line);
      conditions.telemetry(line);
      const tooMuch = rate?.telemetry(line);
      if (tooMuch !== undefined) broken.reject(overRate(tooMuch));
      breaches?.telemetry(line);
      probe?.telemetry(line);
      if (line.type === "flush") reportLag.saw(clock.nowMs() - line.atMs);
    },
    onEvent: (event) => record.history({ kind: "load", atMs: clock.nowMs(), ...event }),
  });
  await load.ready;

  const startEpochMs = clock.go(GO_LEAD_MS);
  record.history({ kind: "run", atMs: clock.nowMs(), what: "go", startEpochMs });
  load.go(startEpochMs);
  if (plan.probe) {
    const { nonce, timeScale } = plan;
    const { endpoints } = target;
    probe?.begin({ startEpochMs, nonce, timeScale, endpoints, access, ...plan.probe });
  }
  await using sampling = sampleEverySecond({
    clock,
    target,
    pids: () => ({ ...target.pids(), ...load.pids, ...probe?.pids }),
    engines: Object.keys(load.pids),
    telemetryLagMs: reportLag.take,
    onSample(sample) {
      record.sample(sample);
      live.sample(sample);
    },
    onTick: () => progress.show(live.line(clock.nowMs(), plan.timing.endMs)),
  });

  const shell = shells({ supervisor, runDir: dir, env: world.env, cwd: world.cwd });
  const early = AbortSignal.any([interrupt.signal, ...(breaches ? [breaches.signal] : [])]);
  await using disturbance = disturb(plan, {
    signal: early,
    stage: {
      nowMs: () => clock.nowMs(),
      at: (ms, signal) => clock.at(ms, signal),
      until: (condition, signal) => conditions.until(condition, signal),
      port: (name, on) => (on === "shell" ? shell(name) : portNamed(target.topology, name, on)),
      fault: faults,
      undoLog: undoLogIn(dir),
      record(event) {
        record.history(event);
        show(event, live, progress);
      },
    },
  });
  const stopping = () => record.history({ kind: "run", atMs: clock.nowMs(), what: "stopping" });
  const stopEarly = () => {
    stopping();
    load.stop(INTERRUPT_DRAIN_MS);
  };
  early.addEventListener("abort", stopEarly, { once: true });
  if (early.aborted) stopEarly();
  const over = new AbortController();
  // However this ends, whatever waits for the run beside it must not wait for ever.
  using ending = new DisposableStack();
  ending.defer(() => over.abort());
  const beside = context.beside?.({
    target,
    load,
    signal: over.signal,
    nowMs: () => clock.nowMs(),
    at: (ms) => clock.at(ms, over.signal),
  });

  // Only its failure ends the run: with it what the run was for is gone.
  beside?.catch((error: unknown) => broken.reject(error));
  let end: LoadEnd;
  try {
    end = await Promise.race([load.finished, broken.promise, record.full]);
    if (!early.aborted) stopping();
    // Without clients nobody would see what comes next.
    if (end.how === "died") disturbance.end();
  } catch (error) {
    disturbance.end();
    requireHealed(await disturbance.finished, error);
    throw error;
  }
  // What is found from here on did not end it.
  const breach = breaches?.breach;
  over.abort();
  await beside;
  await probe?.stop();
  requireHealed(await disturbance.finished);
  await sampling.stop();
  if (end.how === "died") {
    throw new SeaworthyError(
      "SW_LOAD_FAILED",
      `${end.engine} ended before its time (exit ${end.code})`,
      `see logs/${end.engine}.log`,
    );
  }
  const steady = await steadyStateAgain(target.topology);
  record.history({ kind: "steady-state", atMs: clock.nowMs(), ...steady });
  if (!steady.ok && plan.timeline.length > 0) {
    const silent = Object.keys(steady.answers).filter((name) => !steady.answers[name]);
    throw new SeaworthyError(
      "SW_FAULT_NOT_HEALED",
      `after all faults were undone, ${silent.join(", ")} ${silent.length === 1 ? "does" : "do"} not answer`,
      "see its log: the system did not find back to its steady state",
    );
  }
  if (target.audit) record.audit(await target.audit(plan.nonce));
  return breach ? { how: "aborted", ...breach } : { how: "completed" };
}

/** Whatever else went wrong, what may still be in force comes first; `besides` is kept as its cause. */
function requireHealed(unhealed: readonly FaultWindow[], besides?: unknown): void {
  if (unhealed.length === 0) return;
  const names = unhealed.map((window) => `${window.fault} on ${window.target}`).join(", ");
  const more = besides === undefined ? "" : `; besides, ${messageOf(besides)}`;
  throw new SeaworthyError(
    "SW_FAULT_NOT_HEALED",
    `not healed: ${names}${more}`,
    "history.jsonl says what was tried, undo/ what may still be in force",
    { cause: besides },
  );
}

function isNotHealed(ended: Ended): boolean {
  return ended.how === "failed" && ended.code === "SW_FAULT_NOT_HEALED";
}

function overRate(what: string): SeaworthyError {
  return new SeaworthyError("SW_NOT_ALLOWED", what, "--max-rate allows more; use it on what is yours");
}

/** The longest of what it saw, once: being asked begins anew. */
function longestSinceAsked() {
  let longestMs = 0;
  return {
    saw(ms: number): void {
      longestMs = Math.max(longestMs, ms);
    },
    take(): number {
      const ms = longestMs;
      longestMs = 0;
      return ms;
    },
  };
}

/** The one reason why a run did not complete. */
function failed(error: unknown): Ended {
  if (error instanceof SeaworthyError) {
    const { code, message, hint } = error;
    return { how: "failed", code, message, hint };
  }
  if (error instanceof RecordFull) return { how: "failed", code: "SW_DISK_FULL", message: error.message };
  return { how: "failed", code: "SW_BUG", message: error instanceof Error ? error.message : String(error) };
}

function unexpectedExit(event: {
  name: string;
  code?: number | null;
  signal?: string | null;
}): SeaworthyError {
  return new SeaworthyError(
    "SW_TARGET_FAILED",
    `${event.name} died without being asked to (${event.signal ?? `exit ${event.code}`})`,
    `see logs/${event.name}.log`,
  );
}

function show(event: FaultEvent, live: Live, progress: Progress): void {
  const name = `${event.fault} ${event.target}`;
  if (event.step === "injected") live.faultBegan(name);
  if (event.step === "healed" || event.step === "not-healed") live.faultEnded(name);
  if (event.step === "observed" || event.step === "healed") return;
  const at = `${(event.atMs / 1_000).toFixed(1)} s`;
  if (event.step === "never-due") {
    progress.say(`${at}  ${name} NEVER HAPPENED, so nothing is known of it: ${event.detail}`);
    return;
  }
  if (event.step === "injecting") progress.say(`${at}  ${name}`);
  else if (event.step === "healing") progress.say(`${at}  ${name}: undoing`);
  else if (event.step !== "injected")
    progress.say(`${at}  ${name}: ${event.step}${event.detail ? ` (${event.detail})` : ""}`);
}
