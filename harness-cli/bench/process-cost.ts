import { readdir, readFile } from "node:fs/promises";
import { parseStatus } from "../target/proc-files.ts";

const NS_PER_MS = 1e6;

/** CPU time (user and system, all threads) that these processes have used since their start. ms, by the scheduler's own clock. */
export async function cpuMs(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(pids.map(cpuMsOfOne));
  return each.reduce((sum, ms) => sum + ms, 0);
}

async function cpuMsOfOne(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  let ns = 0;
  for (const thread of threads) {
    // A thread that ended meanwhile takes its share with it; those of Node and Erlang live as long as the process.
    const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, "latin1").catch(() => "0");
    ns += Number(text.split(" ", 1)[0]);
  }
  return ns / NS_PER_MS;
}

/** Memory that is the process's own: what it does not share, and no file pages. */
export async function privateBytes(pid: number): Promise<number> {
  return parseStatus(await readFile(`/proc/${pid}/status`, "latin1")).privateBytes;
}

export async function openFiles(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** The processes of a group that `leader` leads: a start script and what it started. */
export async function groupOf(leader: number): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const inGroup = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]) === leader;
    }),
  );
  return pids.filter((_, n) => inGroup[n]);
}
