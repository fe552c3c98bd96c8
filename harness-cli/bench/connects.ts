import type { Contender } from "./contenders.ts";
import { cpuMs } from "./process-cost.ts";
import { emptyTally, type Wire } from "./wire.ts";

const AT_ONCE = 50;
let users = 0;

export interface Connects {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

/** `count` clients, 50 at a time: TCP, upgrade, CONNECT with a token of its own, CONNECTED. */
export async function runConnects(contender: Contender, count: number): Promise<Connects> {
  const pids = await contender.pids();
  const tally = emptyTally();
  const wires: Wire[] = [];
  let left = count;
  const beforeCpuMs = await cpuMs(pids);
  const startMs = performance.now();
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      wires.push(await contender.connect(contender.urls[0]!, `connect-${++users}`, tally));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const seconds = (performance.now() - startMs) / 1_000;
  const cpuSeconds = ((await cpuMs(pids)) - beforeCpuMs) / 1_000;
  for (const wire of wires) wire.close();
  return { perSecond: count / seconds, perCpuSecond: count / cpuSeconds };
}
