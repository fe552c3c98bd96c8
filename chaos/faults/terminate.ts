import { defineFault } from "../fault.ts";
import type { Process } from "../topology.ts";

const ANSWER_DEADLINE_MS = 1_000;
/** Of the healing's own deadline (15 s), so that the new start still fits in. */
const LONGEST_WAIT_MS = 10_000;

export default defineFault({
  name: "terminate",
  summary: "a planned stop (SIGTERM): the process may drain, and is started again when the window ends",
  requirement: ["E12"],
  on: "process",
  params: { graceMs: 10_000 },
  explain: {
    graceMs:
      "SIGKILL follows after this long, as an orchestrator does it; after the window's end it gets at most 10 s more",
  },
  bounds: { graceMs: [0, 120_000] },
  closes: [1000, 1001, 1012],
  drops: true,

  async inject(process, { graceMs }) {
    if (process.pid() === undefined) throw new Error(`${process.name} is not running`);
    const deadlineMs = performance.now() + graceMs;
    await process.signal("SIGTERM");
    const impatience = setTimeout(() => void process.signal("SIGKILL").catch(() => {}), graceMs);
    impatience.unref();
    return {
      async [Symbol.asyncDispose]() {
        clearTimeout(impatience);
        if (process.pid() !== undefined) {
          await leave(process, Math.min(deadlineMs - performance.now(), LONGEST_WAIT_MS));
        }
        await process.start();
      },
    };
  },
  observed: async (process) => process.pid() === undefined || !(await process.ready(ANSWER_DEADLINE_MS)),
  healed: async (process) => process.pid() !== undefined && (await process.ready(ANSWER_DEADLINE_MS)),
});

/** Waits for it to go by itself, then makes it go. */
async function leave(process: Process, waitMs: number): Promise<void> {
  try {
    await process.exited(Math.max(0, waitMs));
  } catch {
    await process.signal("SIGKILL");
    await process.exited(ANSWER_DEADLINE_MS);
  }
}
