import { setTimeout as timer } from "node:timers/promises";

/**
 * All of the outside that a command may touch besides files and processes: arguments, environment, terminal,
 * clock and signals. Only this file reads `process`, so a test can run the whole CLI with a world of its own.
 */
export interface World {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Paths of this Node and of the CLI's entry, to start the same command again in the background. */
  readonly node: string;
  readonly entry: string;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** Epoch ms. */
  now(): number;
  /** A number nobody chose, for a run without --seed. */
  freshSeed(): number;
  /** Resolves early, without an error, when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** SIGINT, SIGTERM, SIGHUP; disposing gives the default behaviour back. */
  onSignal(listener: (signal: string) => void): Disposable;
  /** Each time that somebody presses Enter; disposing stops listening. */
  onEnter(listener: () => void): Disposable;
  /** Leaves without any clean-up. Only for the second Ctrl-C. */
  exitNow(code: number): void;
}

export interface Terminal {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number;
  /** Colours: a terminal, and no NO_COLOR. */
  readonly colour: boolean;
}

export function realWorld(): World {
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    node: process.execPath,
    entry: process.argv[1] ?? "",
    stdout: terminal(process.stdout),
    stderr: terminal(process.stderr),
    now: () => Date.now(),
    freshSeed: () => Math.floor(Math.random() * 2 ** 32),
    async sleep(ms, signal) {
      if (ms <= 0 || signal?.aborted) return;
      try {
        await timer(ms, undefined, signal ? { signal } : {});
      } catch (error) {
        if (!signal?.aborted) throw error;
      }
    },
    onSignal(listener) {
      const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
      for (const signal of signals) process.on(signal, listener);
      return {
        [Symbol.dispose]() {
          for (const signal of signals) process.off(signal, listener);
        },
      };
    },
    onEnter(listener) {
      const { stdin } = process;
      const onData = (data: Buffer) => {
        if (data.includes("\n")) listener();
      };
      stdin.on("data", onData);
      return {
        [Symbol.dispose]() {
          stdin.off("data", onData);
          stdin.pause();
          stdin.unref?.();
        },
      };
    },
    exitNow: (code) => process.exit(code),
  };
}

function terminal(stream: NodeJS.WriteStream): Terminal {
  // A reader that went away (`seaworthy list | head`) is no reason to crash, nor to lose a run.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  const isTTY = stream.isTTY === true;
  return {
    write: (text) => void stream.write(text),
    isTTY,
    get columns() {
      return stream.columns ?? 100;
    },
    colour: isTTY && !process.env.NO_COLOR,
  };
}
