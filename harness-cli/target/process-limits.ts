import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { platform } from "node:process";
import { promisify } from "node:util";
import type { Limits, Resource } from "../../chaos/topology.ts";
import { parseDescriptorLimit } from "./proc-files.ts";

const run = promisify(execFile);
const PRLIMIT_DEADLINE_MS = 5_000;

const resources: Readonly<Record<Resource, { readonly option: string; readonly inProc: string }>> = {
  "open-files": { option: "nofile", inProc: "Max open files" },
  "address-space": { option: "as", inProc: "Max address space" },
};

/**
 * The soft limits of a running process, by `prlimit` of util-linux; undefined where there is none. `pid` is asked each
 * time, since the process may have been restarted.
 */
export function limitsOf(pid: () => number | undefined): Limits | undefined {
  if (platform !== "linux") return undefined;
  const own = () => {
    const now = pid();
    if (now === undefined) throw new Error("the process is not running");
    return now;
  };
  return {
    async get(resource) {
      const text = await readFile(`/proc/${own()}/limits`, "utf8");
      const soft = new RegExp(`^${resources[resource].inProc} +(\\S+)`, "m").exec(text)?.[1];
      if (soft === undefined) throw new SyntaxError(`no ${resources[resource].inProc} in /proc/<pid>/limits`);
      return soft === "unlimited" ? undefined : Number(soft);
    },
    async set(resource, limit) {
      const value = limit === undefined ? "unlimited" : String(limit);
      await run("prlimit", ["--pid", String(own()), `--${resources[resource].option}=${value}:`], {
        timeout: PRLIMIT_DEADLINE_MS,
      });
    },
    async inUse(resource) {
      if (resource === "open-files") return lowestFree(await readdir(`/proc/${own()}/fd`));
      const kilobytes = /^VmSize:\s+(\d+) kB/m.exec(await readFile(`/proc/${own()}/status`, "utf8"))?.[1];
      if (kilobytes === undefined) throw new SyntaxError("no VmSize in /proc/<pid>/status");
      return Number(kilobytes) * 1_024;
    },
  };
}

/** The limit counts numbers, not files: the next one gets the lowest number that is free. */
function lowestFree(numbers: readonly string[]): number {
  const taken = new Set(numbers.map(Number));
  let free = 0;
  while (taken.has(free)) free++;
  return free;
}

/** How many files each process that we start may open; Infinity where nobody says. */
export function descriptorLimit(): number {
  try {
    return parseDescriptorLimit(readFileSync("/proc/self/limits", "latin1"));
  } catch {
    return Number.POSITIVE_INFINITY; // not Linux
  }
}
