import { boxOf } from "../box.ts";
import { defineFault } from "../fault.ts";

const ANSWER_DEADLINE_MS = 1_000;

export default defineFault({
  name: "network-disconnect",
  summary:
    "the container is out of its network: everything under way vanishes without a FIN, in both directions and with everybody",
  requirement: ["E11", "E57"],
  on: "process",
  runAs: ["containers"],
  params: {},
  explain: {},
  closes: [1006],
  drops: true,

  async inject(process) {
    const box = boxOf(process);
    if (process.pid() === undefined) throw new Error(`${process.name} is not running`);
    await box.unplug();
    return { [Symbol.asyncDispose]: () => box.plugIn() };
  },
  // It lives, and nobody reaches it.
  observed: async (process) =>
    process.pid() !== undefined && !process.frozen() && !(await process.ready(ANSWER_DEADLINE_MS)),
  healed: (process) => process.ready(ANSWER_DEADLINE_MS),
});
