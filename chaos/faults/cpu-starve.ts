import { setTimeout as wait } from "node:timers/promises";
import { defineFault } from "../fault.ts";
import type { Process } from "../topology.ts";

const ANSWER_DEADLINE_MS = 1_000;
/** So many looks, at odd moments, tell a process that mostly stands still from one that mostly runs. */
const LOOKS = 20;
const LOOK_EVERY_MS = 17;

export default defineFault({
  name: "cpu-starve",
  summary: "the process gets only a share of the time: it is stopped and let go again many times a second",
  requirement: ["E16"],
  on: "process",
  runAs: ["processes"],
  params: { sharePercent: 20, periodMs: 100 },
  explain: {
    sharePercent: "of each period in which it may run",
    periodMs: "one stop and one go; all of its timers and answers come late by up to this much",
  },
  bounds: { sharePercent: [1, 60], periodMs: [20, 2_000] },
  closes: [],
  drops: false,

  async inject(process, { sharePercent, periodMs }) {
    if (process.pid() === undefined) throw new Error(`${process.name} is not running`);
    const ending = new AbortController();
    const runsMs = (periodMs * sharePercent) / 100;
    const starved = starve(process, runsMs, periodMs - runsMs, ending.signal);
    return {
      async [Symbol.asyncDispose]() {
        ending.abort();
        await starved;
        await send(process, "SIGCONT");
      },
    };
  },
  // Half of what is meant: the harness that stops it is not alone on its machine either.
  observed: async (process, { sharePercent }) => (await shareFrozen(process)) >= (100 - sharePercent) / 200,
  healed: async (process) => !process.frozen() && (await process.ready(ANSWER_DEADLINE_MS)),
});

async function starve(
  process: Process,
  runsMs: number,
  standsMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await send(process, "SIGSTOP");
    await wait(standsMs, undefined, { signal }).catch(() => {});
    await send(process, "SIGCONT");
    await wait(runsMs, undefined, { signal }).catch(() => {});
  }
}

/** To one that may be dead for a while, by another fault: it starves again when it is back. */
async function send(process: Process, signal: "SIGSTOP" | "SIGCONT"): Promise<void> {
  if (process.pid() !== undefined) await process.signal(signal);
}

async function shareFrozen(process: Process): Promise<number> {
  let frozen = 0;
  for (let look = 0; look < LOOKS; look++) {
    if (process.frozen()) frozen++;
    await wait(LOOK_EVERY_MS);
  }
  return frozen / LOOKS;
}
