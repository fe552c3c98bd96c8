import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { WatchdogLine } from "./supervisor.ts";

export interface Watchdog {
  tell(line: WatchdogLine): void;
  /** All children are stopped: it ends their strays and removes the folders. Resolves when it is gone itself. */
  done(): Promise<void>;
}

/** The watchdog runs from source here and as JavaScript in the published package. */
const program = fileURLToPath(
  new URL(`./watchdog${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);
const LEAVES_WITHIN_MS = 5_000;
/** One that dies again and again cannot be helped by more of the same. */
const RESTARTS_MAX = 3;

/**
 * Starts it in a session of its own, so that nothing sent to the harness reaches it. If it dies itself, another one
 * takes its place and is told everything again.
 */
export function startWatchdog(node: string, env: Readonly<Record<string, string>>): Watchdog {
  const told: WatchdogLine[] = [];
  let leaving = false;
  let restarts = 0;
  let current = start();

  function start(): { readonly process: ChildProcess; readonly gone: Promise<void> } {
    const process = spawn(node, [program], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      cwd: "/",
      env,
    });
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    process.on("error", () => resolve());
    process.on("exit", () => {
      resolve();
      if (!leaving && restarts++ < RESTARTS_MAX) restart();
    });
    process.stdin?.on("error", () => {}); // its exit says the same
    process.unref();
    (process.stdin as Socket).unref();
    return { process, gone };
  }

  function restart(): void {
    current = start();
    for (const line of told) write(line);
  }

  function write(line: WatchdogLine): void {
    current.process.stdin?.write(`${JSON.stringify(line)}\n`);
  }

  return {
    tell(line) {
      told.push(line);
      write(line);
    },
    async done() {
      leaving = true;
      // Now somebody waits for it: unreferenced, one that has to be killed would let this process end in mid-sentence.
      current.process.ref();
      write({ done: true });
      current.process.stdin?.end();
      // Killed, it is still to be waited for, and nothing else may be left that keeps this process going.
      current.process.ref();
      const timer = setTimeout(() => current.process.kill("SIGKILL"), LEAVES_WITHIN_MS);
      await current.gone;
      clearTimeout(timer);
    },
  };
}
