/**
 * Outlives the harness. It reads what the harness started, line by line; when the pipe ends without `done`, the
 * harness was killed, and everything on the list is stopped and removed. With `done` only strays are left to end. Started by `supervisor.ts`, which
 * documents the lines (`WatchdogLine`). Small and without npm imports, since every run starts it.
 */
import { spawn } from "node:child_process";
import { appendFileSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { kill, pid as ownPid, stdin } from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { descendantsOf } from "./process-tree.ts";
import { startTimeOf } from "./start-time.ts";
import type { LastCommand, WatchdogLine } from "./supervisor.ts";

/** Between the polite signal and SIGKILL. All of it must be over within 5 s of the harness's death. */
const GRACE_MS = 1_500;
const KILLED_WITHIN_MS = 1_000;
const POLL_MS = 25;

type Registered = Extract<WatchdogLine, { add: unknown }>["add"];

const children = new Map<number, Registered>();
const folders: string[] = [];
const lastCommands = new Map<number, LastCommand>();
let log: string | undefined;
let marker: string | undefined;
let done = false;

for await (const text of createInterface({ input: stdin })) {
  let line: WatchdogLine;
  try {
    line = JSON.parse(text) as WatchdogLine;
  } catch {
    continue; // the harness died in the middle of a line
  }
  if ("add" in line) children.set(line.add.pid, line.add);
  else if ("remove" in line) children.delete(line.remove);
  else if ("last" in line) lastCommands.set(line.last.id, line.last);
  else if ("forget" in line) lastCommands.delete(line.forget);
  else if ("folder" in line) folders.push(line.folder);
  else if ("marker" in line) marker = line.marker;
  else if ("log" in line) log = line.log;
  else done = true;
}
if (done) await sweep();
else await clearAway();

async function clearAway(): Promise<void> {
  note("the harness died without stopping what it started");
  const undone = [...lastCommands.values()].reverse().map(runLast);
  for (const child of living()) {
    note(`${child.stopSignal} to ${child.name}, pid ${child.pid}`);
    send(child.pid, child.stopSignal);
    // A frozen process cannot stop; nor can those of its own that lead groups of their own (Postgres's backends).
    for (const pid of [-child.pid, ...descendantsOf(child.pid)]) send(pid, "SIGCONT");
  }
  for (const pid of unregistered()) send(pid, "SIGTERM");
  await untilNone(() => living().length + unregistered().length, GRACE_MS);
  for (const child of living()) {
    note(`SIGKILL to ${child.name}, pid ${child.pid}`);
    for (const pid of [...descendantsOf(child.pid), -child.pid]) send(pid, "SIGKILL");
  }
  await sweep();
  await untilNone(() => living().length, KILLED_WITHIN_MS);
  await Promise.all(undone);
  note("done");
}

/** The user's own undo: nobody else is left to run it. Killed, with all that it started, when its time is over. */
async function runLast({ command, timeoutMs, cwd, env }: LastCommand): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const child = spawn("/bin/sh", ["-c", command], { cwd, env, stdio: "ignore", detached: true });
  child.on("error", (error) => resolve(error.message));
  child.on("exit", (code, signal) => resolve(`exit ${code ?? signal}`));
  const timer = setTimeout(() => {
    if (child.pid !== undefined) send(-child.pid, "SIGKILL");
  }, timeoutMs);
  note(`undo by command: ${command}: ${await promise}`);
  clearTimeout(timer);
}

/** What is left when all children are stopped: their stray descendants, and the folders. */
async function sweep(): Promise<void> {
  for (const pid of unregistered()) {
    note(`SIGKILL to pid ${pid}, which was not on the list`);
    send(pid, "SIGKILL");
  }
  await untilNone(() => unregistered().length, KILLED_WITHIN_MS);
  for (const folder of folders.filter(isOurs)) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

/** Those of the list that are still the processes that were registered, the latest first. */
function living(): readonly Registered[] {
  return [...children.values()].reverse().filter(({ pid, startTime }) => startTimeOf(pid) === startTime);
}

/**
 * Linux: whatever carries the run's mark in its environment. It finds what was spawned in the instant before the
 * harness died, and children that left their parent's process group.
 */
function unregistered(): readonly number[] {
  if (marker === undefined) return [];
  const mark = marker;
  return pids().filter((pid) => pid !== ownPid && !children.has(pid) && environmentOf(pid).includes(mark));
}

function pids(): readonly number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
  } catch {
    return []; // gone, or not ours to read
  }
}

async function untilNone(count: () => number, deadlineMs: number): Promise<void> {
  const untilMs = performance.now() + deadlineMs;
  while (count() > 0 && performance.now() < untilMs) await wait(POLL_MS);
}

/** To a process, or with a negative pid to its group. One that is gone is fine. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    kill(pid, signal);
  } catch {}
}

/** Only what the supervisor made: a mistake in a line must never remove anything else. */
function isOurs(folder: string): boolean {
  return path.isAbsolute(folder) && path.basename(folder).startsWith("seaworthy-");
}

function note(what: string): void {
  if (log === undefined) return;
  try {
    appendFileSync(log, `${new Date().toISOString()} ${what}\n`);
  } catch {}
}
