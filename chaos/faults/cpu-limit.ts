import { boxOf } from "../box.ts";
import { defineFault } from "../fault.ts";
import type { Process } from "../topology.ts";

const ANSWER_DEADLINE_MS = 1_000;

/** How long each had been held back before. */
const formerMs = new WeakMap<Process, number>();

export default defineFault({
  name: "cpu-limit",
  summary:
    "the container may use less CPU (a quota): in each tenth of a second it runs until that is used up, then stands still",
  requirement: ["E16"],
  on: "process",
  runAs: ["containers"],
  params: { cpus: 0.1 },
  explain: { cpus: "cores it may use; it is held back only when its load needs more" },
  bounds: { cpus: [0.01, 8] },
  closes: [],
  drops: false,

  async inject(process, { cpus }) {
    const box = boxOf(process);
    formerMs.set(process, await box.throttledMs());
    await box.setCpus(cpus);
    return { [Symbol.asyncDispose]: () => box.setCpus(undefined) };
  },
  // A quota that nobody ran into is no effect.
  observed: async (process) => (await boxOf(process).throttledMs()) > (formerMs.get(process) ?? 0),
  healed: (process) => process.ready(ANSWER_DEADLINE_MS),
});
