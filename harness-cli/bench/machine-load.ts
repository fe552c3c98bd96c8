import { readFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { parseCpuTimes } from "../target/proc-files.ts";

/** Begins to watch what the machine is busy with; what is called at the end says it in a line, to stand beside figures. */
export async function watchMachine(): Promise<() => Promise<string>> {
  const before = await cpuTimes();
  const [waiting = 0] = loadavg();
  return async () => {
    const after = await cpuTimes();
    const percent = (ticks: number) => ((100 * ticks) / (after.total - before.total)).toFixed(1);
    const busy = percent(after.total - before.total - (after.idle - before.idle));
    const stolen = percent(after.stolen - before.stolen);
    return `machine: ${availableParallelism()} cores, load ${waiting.toFixed(2)} before; meanwhile ${busy} % busy, ${stolen} % taken by the hypervisor`;
  };
}

async function cpuTimes() {
  return parseCpuTimes(await readFile("/proc/stat", "utf8"));
}
