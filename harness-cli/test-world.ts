import { main } from "./main.ts";
import type { World } from "./world.ts";

/** A world of a test's own: argv in; stdout, stderr and exit code out. Signals are sent by calling `signal`. */
export interface TestWorld extends World {
  readonly out: () => string;
  readonly err: () => string;
  readonly signal: (name: string) => void;
}

export function testWorld(argv: readonly string[], options: { readonly cwd?: string } = {}): TestWorld {
  let out = "";
  let err = "";
  const listeners = new Set<(signal: string) => void>();
  const terminal = (write: (text: string) => void) => ({ write, isTTY: false, columns: 100, colour: false });
  return {
    argv,
    env: {},
    cwd: options.cwd ?? process.cwd(),
    node: process.execPath,
    entry: "",
    stdout: terminal((text) => {
      out += text;
    }),
    stderr: terminal((text) => {
      err += text;
    }),
    now: () => Date.now(),
    freshSeed: () => 4711,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const timer = setTimeout(resolve, Math.max(0, ms));
        signal?.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve();
        });
      }),
    onSignal(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    onEnter: () => ({ [Symbol.dispose]() {} }),
    exitNow(code) {
      throw new Error(`left at once with ${code}`);
    },
    out: () => out,
    err: () => err,
    signal: (name) => {
      for (const listener of listeners) listener(name);
    },
  };
}

/** Runs the whole CLI in this process. */
export async function cli(...argv: string[]): Promise<{ exit: number; out: string; err: string }> {
  const world = testWorld(argv);
  const exit = await main(world);
  return { exit, out: world.out(), err: world.err() };
}
