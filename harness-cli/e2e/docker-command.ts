import { spawn } from "node:child_process";
import path from "node:path";
import { expect } from "vitest";

export const root = path.resolve(import.meta.dirname, "../..");

/** The docker command at its end, whatever that is. Rejects when there is none. */
export function docker(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return command("docker", args);
}

export async function command(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? -1, out, err }));
  });
}

/** What it printed; anything else than success is a failure of the test, with what it said. */
export async function dockerSays(...args: string[]): Promise<string> {
  const { code, out, err } = await docker(...args);
  expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
  return out.trim();
}

/** Containers (running or not), networks and volumes with this label. */
export async function leftWith(label: string): Promise<readonly string[]> {
  const filter = ["--quiet", "--filter", `label=${label}`];
  const lists = await Promise.all([
    dockerSays("ps", "--all", ...filter),
    dockerSays("network", "ls", ...filter),
    dockerSays("volume", "ls", ...filter),
  ]);
  return lists.flatMap((list) => list.split("\n")).filter(Boolean);
}

/** The registry that npm asks on this machine: a build has no npmrc of its own. */
export async function npmRegistry(): Promise<string> {
  return (await command("npm", ["config", "get", "registry"])).out.trim();
}
