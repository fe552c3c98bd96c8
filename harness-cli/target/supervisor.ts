import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { within } from "../../chaos/deadline.ts";
import type { Exit } from "../../chaos/topology.ts";
import { thisMachine } from "../provision/machine.ts";
import { spawnChild } from "./child.ts";
import { compileCache } from "./compile-cache.ts";
import { onDisk } from "./disk.ts";
import { startTimeOf } from "./start-time.ts";
import { startWatchdog } from "./watchdog-pipe.ts";

/** How to start one process of ours. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to PATH, HOME and the like; nothing else of the harness's own environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** stdout and stderr go there, appended. */
  readonly logFile: string;
  /** What asks it politely to stop; Postgres wants SIGQUIT when in a hurry. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** After this long SIGKILL follows. Default 3,000 ms. */
  readonly graceMs?: number;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Settles when it is gone; never rejects. */
  readonly exit: Promise<Exit>;
  /** The last lines it wrote, for error messages. At most 20. */
  lastLines(): readonly string[];
  signal(signal: NodeJS.Signals): void | Promise<void>;
  /** Absent: the operating system can be asked by its pid. */
  frozen?(): boolean;
  /** Polite, then not. Resolves when it is gone; calling it twice is fine. */
  stop(): Promise<void>;
}

/**
 * Owns every process and temporary folder of a run. Each child leads a process group of its own (a Ctrl-C in the
 * terminal reaches only the harness), and all are known to a watchdog that outlives a kill -9 of the harness.
 */
export interface Supervisor extends AsyncDisposable {
  /** Rejects with the child's last lines if it cannot be started at all. */
  spawn(spec: ProcessSpec): Promise<Child>;
  /** Should the harness die, even by kill -9, the watchdog runs this command line once. Disposing takes it back. */
  runIfHarnessDies(command: LastCommand): Disposable;
  /** Removed when the supervisor is disposed, and by the watchdog. */
  temporaryFolder(name: string): Promise<string>;
}

/** A user's own undo of a user's own fault: what the harness owes even when it is dead. */
export interface LastCommand {
  readonly command: string;
  readonly timeoutMs: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** One JSON line from the supervisor to `watchdog.ts`. */
export type WatchdogLine =
  | {
      readonly add: {
        readonly name: string;
        /** Also the process group's id: each child leads one. */
        readonly pid: number;
        /** Of `startTimeOf`; a pid whose start time differs is someone else by now. */
        readonly startTime: string;
        readonly stopSignal: NodeJS.Signals;
      };
    }
  | { readonly remove: number }
  /** A command line to run should the harness die; `forget` takes it back. */
  | { readonly last: LastCommand & { readonly id: number } }
  | { readonly forget: number }
  /** A temporary folder, announced before it is made. */
  | { readonly folder: string }
  /** `NAME=value` in the environment of everything that is started. */
  | { readonly marker: string }
  /** Where to write what the watchdog did, if it has to do anything. */
  | { readonly log: string }
  /** All children are stopped: only their strays and the folders are left. */
  | { readonly done: true };

export interface SupervisorOptions {
  /** The Node that runs the watchdog. Default: the one that runs this. */
  readonly node?: string;
  /** The watchdog writes `logs/watchdog.log` there, if it ever has to act. */
  readonly runDir?: string;
  /** Called for every child that is gone, whoever asked for it. */
  readonly onExit?: (child: Child, exit: Exit) => void;
}

/** For everything that is left when the supervisor is disposed, beyond each child's own grace. */
const DISPOSE_DEADLINE_MS = 10_000;

/** Starts the watchdog and returns at once; what is announced to it before it listens waits in its pipe. */
export async function createSupervisor(options: SupervisorOptions = {}): Promise<Supervisor> {
  const machine = thisMachine();
  const id = randomUUID();
  const marker = `SEAWORTHY_SUPERVISOR=${id}`;
  const watchdog = startWatchdog(options.node ?? machine.node.path, {
    ...inherited(machine.env),
    ...compileCache(machine),
  });
  watchdog.tell({ marker });
  if (options.runDir) watchdog.tell({ log: path.resolve(options.runDir, "logs", "watchdog.log") });

  const children = new Set<Child>();
  const folders: string[] = [];
  let lastCommands = 0;
  let disposed: Promise<void> | undefined;

  async function spawn(spec: ProcessSpec): Promise<Child> {
    if (disposed) throw new Error(`${spec.name} was to be started after its supervisor was disposed`);
    const child = await spawnChild(spec, { ...inherited(machine.env), SEAWORTHY_SUPERVISOR: id }, (pid) =>
      watchdog.tell({
        add: {
          name: spec.name,
          pid,
          startTime: startTimeOf(pid) ?? "",
          stopSignal: spec.stopSignal ?? "SIGTERM",
        },
      }),
    );
    children.add(child);
    void child.exit.then((exit) => {
      children.delete(child);
      watchdog.tell({ remove: child.pid });
      options.onExit?.(child, exit);
    });
    // It may have been spawned while the rest was already being stopped.
    if (disposed) await child.stop();
    return child;
  }

  async function temporaryFolder(name: string): Promise<string> {
    const folder = path.join(os.tmpdir(), `seaworthy-${id.slice(0, 8)}-${folders.length}-${name}`);
    folders.push(folder);
    watchdog.tell({ folder });
    await onDisk("a temporary folder", () => mkdir(folder, { mode: 0o700 }));
    return folder;
  }

  /** All at once: who depends on whom is known to whoever started them, and stopped them before. */
  async function dispose(): Promise<void> {
    const stopping = [...children].reverse().map((child) => child.stop());
    await within(DISPOSE_DEADLINE_MS, "stopping all processes", Promise.all(stopping)).catch(() => {
      for (const child of children) child.signal("SIGKILL");
    });
    await watchdog.done();
    // Done already, unless the watchdog could not.
    for (const folder of folders)
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  return {
    spawn,
    temporaryFolder,
    runIfHarnessDies(command) {
      const id = lastCommands++;
      watchdog.tell({ last: { id, ...command } });
      return { [Symbol.dispose]: () => watchdog.tell({ forget: id }) };
    },
    [Symbol.asyncDispose]: () => {
      disposed ??= dispose();
      return disposed;
    },
  };
}

/** A run must not depend on whatever else the caller's shell has set. */
function inherited(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const names = ["PATH", "HOME", "TMPDIR", "LANG", "USER", "TZ", "XDG_RUNTIME_DIR"];
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
