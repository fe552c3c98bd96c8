import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const entry = path.resolve(import.meta.dirname, "../main.ts");

/**
 * The CLI as a process of its own, with a temporary folder of its own in its environment and in that of everything
 * it starts: what is left behind can be found, whatever it is called.
 */
export interface CliProcess {
  readonly child: ChildProcess;
  /** The folder given as --out. */
  readonly runs: string;
  out(): string;
  err(): string;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** Resolves when what was printed on stderr so far matches. Rejects when the process ends before. */
  printed(pattern: RegExp): Promise<void>;
  /** Living processes that descend from this one, wherever they are now. */
  marked(): Promise<readonly { readonly pid: number; readonly command: string }[]>;
  /** Temporary files and folders that this one made and that are still there. */
  temporary(): Promise<readonly string[]>;
}

export interface Sandbox extends AsyncDisposable {
  readonly folder: string;
  readonly runs: string;
  start(...argv: string[]): CliProcess;
  /** Starts and waits. */
  run(...argv: string[]): Promise<Ended>;
}

export interface Ended {
  readonly exit: number | string;
  readonly out: string;
  readonly err: string;
}

export async function sandbox(wrapper: readonly string[] = []): Promise<Sandbox> {
  const folder = await mkdtemp(path.join(tmpdir(), "seaworthy-e2e-"));
  const runs = path.join(folder, "runs");
  const temporary = path.join(folder, "tmp");
  await mkdir(temporary);
  const started: CliProcess[] = [];
  const start = (...argv: string[]): CliProcess => {
    const process = startCli(argv, { folder, runs, temporary, wrapper });
    started.push(process);
    return process;
  };
  return {
    folder,
    runs,
    start,
    async run(...argv) {
      const process = start(...argv);
      return { exit: await process.ended, out: process.out(), err: process.err() };
    },
    async [Symbol.asyncDispose]() {
      for (const { child, ended } of started) {
        if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function startCli(
  argv: readonly string[],
  place: { folder: string; runs: string; temporary: string; wrapper: readonly string[] },
): CliProcess {
  const [command, ...args] = [...place.wrapper, process.execPath, entry, ...argv] as [string, ...string[]];
  const child = spawn(command, args, {
    cwd: place.folder,
    env: { ...process.env, TMPDIR: place.temporary, NO_COLOR: "1" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  const readers = new Set<() => void>();
  const changed = () => {
    for (const reader of readers) reader();
  };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    err += text;
    changed();
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once("close", (code, signal) => {
      resolve(code ?? signal ?? "unknown");
      changed();
    });
  });
  return {
    child,
    runs: place.runs,
    out: () => out,
    err: () => err,
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const over = child.exitCode !== null || child.signalCode !== null;
          if (!pattern.test(err) && !over) return;
          readers.delete(look);
          if (pattern.test(err)) resolve();
          else reject(new Error(`ended without printing ${pattern}:\n${err}`));
        };
        readers.add(look);
        look();
      }),
    marked: () => markedProcesses(`TMPDIR=${place.temporary}`),
    temporary: () => readdir(place.temporary),
  };
}

export async function markedProcesses(mark: string): Promise<{ pid: number; command: string }[]> {
  const found: { pid: number; command: string }[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (!(await readFile(`/proc/${name}/environ`, "utf8")).includes(mark)) continue;
      const command = (await readFile(`/proc/${name}/cmdline`, "utf8")).replaceAll("\0", " ").trim();
      // A zombie has no command line; it is only waiting to be counted.
      if (command !== "") found.push({ pid: Number(name), command });
    } catch {
      // Gone while we looked.
    }
  }
  return found;
}

/** Between two looks. */
const POLL_MS = 50;

/**
 * Polls until the condition holds; the last value otherwise. A look that takes longer than two of its intervals was
 * kept waiting by the machine, as was whoever it looks at: it counts as two, so `withinMs` is time that we really had.
 */
export async function eventually<T>(
  look: () => Promise<T>,
  holds: (value: T) => boolean,
  withinMs: number,
): Promise<T> {
  let spentMs = 0;
  for (;;) {
    const startMs = performance.now();
    const value = await look();
    if (holds(value) || spentMs >= withinMs) return value;
    await wait(POLL_MS);
    spentMs += Math.min(performance.now() - startMs, 2 * POLL_MS);
  }
}

/** The one run in a folder of runs. */
export async function onlyRun(runs: string): Promise<string> {
  const names = (await readdir(runs)).filter((name) => name !== "latest" && name !== "up");
  if (names.length !== 1) throw new Error(`expected one run in ${runs}, found ${names.join(", ") || "none"}`);
  return path.join(runs, names[0] as string);
}

export async function jsonOf<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, "utf8")) as T;
}

export async function linesOf<T>(file: string): Promise<T[]> {
  if (!existsSync(file)) return [];
  return (await readFile(file, "utf8"))
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}
