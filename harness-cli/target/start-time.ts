import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * When a process started, in whatever unit the system has: together with the pid it names one process for ever,
 * while a pid alone is given to others later. Undefined when it is gone, and for a zombie.
 */
export function startTimeOf(pid: number): string | undefined {
  return procIsThere ? fromProc(pid) : fromPs(pid);
}

const procIsThere = fromProc("self") !== undefined;

/** Field 22 of /proc/<pid>/stat, in clock ticks since boot. Fields count from behind the name, which may hold spaces. */
function fromProc(pid: number | "self"): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function fromPs(pid: number): string | undefined {
  const { stdout } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
  return stdout?.trim() || undefined;
}
