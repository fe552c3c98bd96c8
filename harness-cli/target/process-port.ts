import { setTimeout as wait } from "node:timers/promises";
import { DeadlinePassed, within } from "../../chaos/deadline.ts";
import type { Box, Exit, Limits, Process, SwitchBoard } from "../../chaos/topology.ts";
import type { ProcessEvent } from "../../reports/record/history.ts";
import { SeaworthyError } from "../errors.ts";
import { limitsOf } from "./process-limits.ts";
import { descendantsOf, isStopped } from "./process-tree.ts";
import type { Child, ProcessSpec, Supervisor } from "./supervisor.ts";

export type ProcessNews = Omit<ProcessEvent, "kind" | "atMs">;

export interface ProcessOptions {
  readonly spec: ProcessSpec;
  readonly supervisor: Pick<Supervisor, "spawn">;
  readonly onEvent: (event: ProcessNews) => void;
  /** Does it answer at all? `start` waits for this. */
  answers(timeoutMs: number): Promise<boolean>;
  /** Can it do its work, its own dependencies included? Same as `answers` where there is no such difference. */
  ready?(timeoutMs: number): Promise<boolean>;
  /** Clears away what a killed one may have left behind, before it is started again. */
  beforeRestart?(): Promise<void>;
  /** Faults may limit what it may use. Not where its children inherit that and keep it (Postgres's backends). */
  readonly canBeLimited?: boolean;
  /** Where the operating system's are not the ones that count. */
  readonly limits?: Limits;
  readonly box?: Box;
  readonly switches?: SwitchBoard;
  /** Fatal to others; this one reads its configuration again. */
  readonly reloadSignal?: NodeJS.Signals;
}

/** A process of ours that faults may hit: it can be started again and again with the same settings. */
export interface OwnProcess extends Process {
  /** Resolves when the started process is `ready`. Rejects as `start` does. */
  becomeReady(): Promise<void>;
  /** Ends it for good, politely first. */
  stop(): Promise<void>;
}

/** A process needs a second or two; a machine whose CPU is taken away has been seen to need twenty. */
const START_DEADLINE_MS = 60_000;
const ASK_DEADLINE_MS = 1_000;
const ASK_EVERY_MS = 15;
const FATAL: ReadonlySet<NodeJS.Signals> = new Set([
  "SIGKILL",
  "SIGTERM",
  "SIGINT",
  "SIGQUIT",
  "SIGABRT",
  "SIGHUP",
]);

/**
 * Started by `start`; every `started`, `ready` and `exited` of it goes to `onEvent`, an exit as `expected` when a
 * fatal signal or `stop` went before it.
 *
 * @throws (from `start` and `becomeReady`) StartFailed with the process's last lines.
 */
export function ownProcess(options: ProcessOptions): OwnProcess {
  const { spec, supervisor, onEvent, answers } = options;
  const ready = options.ready ?? answers;
  const { name } = spec;
  let child: Child | undefined;
  let lastExit: Exit | undefined;
  let exitAsked = false;
  /** Its address space is limited: a death is no surprise. */
  let mayRunOut = false;
  let starting: Promise<void> | undefined;
  let readiness: Promise<void> = Promise.resolve();
  let stopped = false;

  async function spawn(): Promise<Child> {
    const started = await supervisor.spawn(spec);
    const { pid } = started;
    child = started;
    exitAsked = false;
    mayRunOut = false;
    onEvent({ name, what: "started", pid });
    void started.exit.then((exit) => {
      lastExit = exit;
      child = undefined;
      const { code, signal } = exit;
      const expected = exitAsked || mayRunOut;
      const lastLines = expected ? {} : { lastLines: started.lastLines() };
      onEvent({ name, what: "exited", pid, code, signal, expected, ...lastLines });
    });
    readiness = untilYes(started, ready).then(() => onEvent({ name, what: "ready", pid }));
    readiness.catch(() => {});
    if (stopped) {
      exitAsked = true;
      await started.stop();
    }
    return started;
  }

  /** Asks until yes; rejects when the process is gone. */
  async function untilYes(running: Child, ask: typeof ready): Promise<void> {
    let exit: Exit | undefined;
    void running.exit.then((value) => {
      exit = value;
    });
    while (exit === undefined) {
      if (await ask(ASK_DEADLINE_MS)) return;
      await wait(ASK_EVERY_MS);
    }
    throw new StartFailed(`${name} ${howItEnded(exit)} at its start`, running.lastLines(), spec.logFile);
  }

  async function inTime(running: Child | undefined, what: string, promise: Promise<void>): Promise<void> {
    try {
      await within(START_DEADLINE_MS, `the start of ${name}`, promise);
    } catch (error) {
      if (!(error instanceof DeadlinePassed) || !running) throw error;
      const seconds = START_DEADLINE_MS / 1_000;
      throw new StartFailed(`${name} ${what} within ${seconds} s`, running.lastLines(), spec.logFile);
    }
  }

  async function startNow(): Promise<void> {
    if (lastExit !== undefined) await options.beforeRestart?.();
    if (stopped) throw new Error(`${name} was stopped for good`);
    const running = await spawn();
    await inTime(running, "gave no answer", answers === ready ? readiness : untilYes(running, answers));
  }

  const systemLimits = options.limits ?? (options.canBeLimited ? limitsOf(() => child?.pid) : undefined);
  const limits: Limits | undefined = systemLimits && {
    ...systemLimits,
    async set(resource, limit) {
      if (resource === "address-space" && limit !== undefined) mayRunOut = true;
      await systemLimits.set(resource, limit);
      if (resource === "address-space" && limit === undefined) mayRunOut = false;
    },
  };

  return {
    kind: "process",
    name,
    ...(limits ? { limits } : {}),
    ...(options.switches ? { switches: options.switches } : {}),
    ...(options.box ? { box: options.box } : {}),
    pid: () => child?.pid,
    frozen() {
      if (child?.frozen) return child.frozen();
      const pid = child?.pid;
      return pid !== undefined && [pid, ...descendantsOf(pid)].every(isStopped);
    },
    async signal(signal) {
      if (child === undefined) throw new Error(`${name} is not running`);
      if (FATAL.has(signal) && signal !== options.reloadSignal) exitAsked = true;
      await child.signal(signal);
    },
    async exited(timeoutMs) {
      if (child) return within(timeoutMs, `the exit of ${name}`, child.exit);
      if (lastExit) return lastExit;
      throw new Error(`${name} was never started`);
    },
    async start() {
      if (child === undefined || starting !== undefined) {
        starting ??= startNow().finally(() => {
          starting = undefined;
        });
        await starting;
      }
    },
    ready: (timeoutMs) => ready(timeoutMs),
    becomeReady: () => inTime(child, "was not ready", readiness),
    async stop() {
      stopped = true;
      exitAsked = true;
      await child?.stop();
    },
  };
}

/** Keeps the last lines apart, so that whoever tries again can see why. */
export class StartFailed extends SeaworthyError {
  readonly lastLines: readonly string[];

  constructor(what: string, lastLines: readonly string[], logFile: string) {
    const said =
      lastLines.length > 0
        ? `; its last lines:\n${lastLines.map((line) => `  ${line}`).join("\n")}`
        : "; it wrote nothing";
    super("SW_START_FAILED", what + said, `the whole log is ${logFile}`);
    this.lastLines = lastLines;
  }
}

export function howItEnded({
  code,
  signal,
}: {
  readonly code?: number | null;
  readonly signal?: string | null;
}): string {
  return signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
}
