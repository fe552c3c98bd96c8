import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { kill } from "node:process";
import { within } from "../../chaos/deadline.ts";
import type { Exit } from "../../chaos/topology.ts";
import { SeaworthyError } from "../errors.ts";
import { fileSize, lastLinesOf } from "./log-file.ts";
import { descendantsOf } from "./process-tree.ts";
import type { Child, ProcessSpec } from "./supervisor.ts";

const DEFAULT_GRACE_MS = 3_000;
/** After SIGKILL only the kernel is in the way, and our own standing still: the news may lie unread behind the timer. */
const KILLED_WITHIN_MS = 20_000;

/**
 * Starts a process that leads a session and a process group of its own, its output appended to the log file.
 * `onPid` is called in the same instant, before anything else can happen.
 *
 * @throws SeaworthyError SW_START_FAILED when the program cannot be executed.
 */
export async function spawnChild(
  spec: ProcessSpec,
  env: Readonly<Record<string, string>>,
  onPid: (pid: number) => void,
): Promise<Child> {
  const { name, command, args, logFile, stopSignal = "SIGTERM", graceMs = DEFAULT_GRACE_MS } = spec;
  const logStart = fileSize(logFile);
  const log = openSync(logFile, "a");
  let process: ChildProcess;
  try {
    process = spawn(command, args, {
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...env, ...spec.env },
      ...(spec.cwd ? { cwd: spec.cwd } : {}),
    });
  } finally {
    closeSync(log);
  }
  const pid = process.pid;
  if (pid === undefined) {
    const [error] = await once(process, "error");
    throw new SeaworthyError(
      "SW_START_FAILED",
      `${name} could not be started: ${(error as Error).message}`,
      `check that ${command} is there and executable: npx seaworthy doctor`,
      { cause: error },
    );
  }
  onPid(pid);
  process.on("error", () => {}); // of a signal that could not be sent: its process is gone

  let gone = false;
  const exit = once(process, "exit").then(([code, signal]): Exit => {
    gone = true;
    return { code, signal, atEpochMs: Date.now() };
  });

  /**
   * Signals that no process can refuse go to all that it started; the others to itself, who knows what to do. Its
   * group first, in one step: nobody in it can start another one in between.
   */
  function send(signal: NodeJS.Signals): void {
    if (gone) return;
    const own = pid as number;
    const toAll = signal === "SIGKILL" || signal === "SIGSTOP" || signal === "SIGCONT";
    for (const to of toAll ? [-own, ...descendantsOf(own)] : [own]) sendTo(to, signal);
  }

  function sendTo(to: number, signal: NodeJS.Signals): void {
    try {
      kill(to, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  async function stop(): Promise<void> {
    send(stopSignal);
    send("SIGCONT"); // a frozen process cannot stop
    await within(graceMs, `stopping ${name}`, exit).catch(async () => {
      send("SIGKILL");
      await within(KILLED_WITHIN_MS, `killing ${name}`, exit);
    });
  }

  let stopping: Promise<void> | undefined;
  return {
    name,
    pid,
    exit,
    lastLines: () => lastLinesOf(logFile, logStart),
    signal: send,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

function once(process: ChildProcess, event: "exit" | "error"): Promise<[never, never]> {
  const { promise, resolve } = Promise.withResolvers<[never, never]>();
  process.once(event, (...args: unknown[]) => resolve(args as [never, never]));
  return promise;
}

/** Any process. A zombie is not: it only waits to be counted, and in a container there may be nobody who does. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    kill(pid, 0);
  } catch {
    return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return !/\) [ZX] /.test(stat);
}
