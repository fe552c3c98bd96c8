import { spawn } from "node:child_process";

export interface CommandResult {
  readonly code: number | null;
  /** stdout and stderr as they came. */
  readonly output: string;
}

/**
 * Runs a program to its end and gives what it said; a program that cannot be started at all is a result too
 * (code null). After `timeoutMs` it is killed.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env: Readonly<Record<string, string | undefined>>; timeoutMs: number },
): Promise<CommandResult> {
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...options.env },
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  let output = "";
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-64_000);
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const timer = setTimeout(() => {
    output += `\n(killed after ${options.timeoutMs / 1_000} s)`;
    child.kill("SIGKILL");
  }, options.timeoutMs);
  child.on("error", (error) => {
    clearTimeout(timer);
    resolve({ code: null, output: error.message });
  });
  child.on("close", (code) => {
    clearTimeout(timer);
    resolve({ code, output });
  });
  return promise;
}

/** The last lines of what a program said: what people need of a failed build. */
export function lastLines(output: string, count = 3): string {
  return output.trim().split("\n").slice(-count).join(" | ");
}
