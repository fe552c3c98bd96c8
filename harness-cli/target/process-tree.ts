import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

const hasProc = existsSync("/proc/self/stat");

/**
 * Everything that a process started, directly or not, children after their parents. Needed beside the process group:
 * each backend of Postgres leads a group of its own. One that dies while this looks may still be named.
 */
export function descendantsOf(pid: number): readonly number[] {
  if (hasNoChildren(pid)) return [];
  const children = Map.groupBy(parents(), ([, parent]) => parent);
  const found: number[] = [];
  const visit = (of: number): void => {
    for (const [child] of children.get(of) ?? []) {
      found.push(child);
      visit(child);
    }
  };
  visit(pid);
  return found;
}

/**
 * Linux can say it of one process, much quicker than by a look at all of them (0.1 instead of 5 ms). Its list of
 * children may lack some of many while they come and go, so more than "none" is not taken from it.
 */
function hasNoChildren(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every(
      (thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1") === "",
    );
  } catch {
    return false; // gone, or no such list here: the look at all will tell
  }
}

/** Stopped by a signal, as the operating system sees it. False for one that is gone. */
export function isStopped(pid: number): boolean {
  try {
    return fieldsOf(pid)[0] === "T";
  } catch {
    if (hasProc) return false;
    return /^T/.test(spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout ?? "");
  }
}

/** Pid and parent of every process. */
function parents(): readonly (readonly [number, number])[] {
  try {
    return readdirSync("/proc").flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        return [[Number(name), Number(fieldsOf(Number(name))[1])] as const];
      } catch {
        return []; // gone meanwhile
      }
    });
  } catch {
    const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
    return (stdout ?? "")
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  }
}

/** Of /proc/<pid>/stat from the state on; fields count from behind the name, which may hold spaces. */
function fieldsOf(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}
