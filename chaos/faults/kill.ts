import { defineFault } from "../fault.ts";

const GONE_DEADLINE_MS = 3_000;
const ANSWER_DEADLINE_MS = 1_000;

export default defineFault({
  name: "kill",
  summary: "the process dies at once (SIGKILL), and is started again when the window ends",
  requirement: ["E13"],
  on: "process",
  params: {},
  explain: {},
  closes: [1006],
  drops: true,

  async inject(process) {
    if (process.pid() === undefined) throw new Error(`${process.name} is not running`);
    await process.signal("SIGKILL");
    await process.exited(GONE_DEADLINE_MS);
    return { [Symbol.asyncDispose]: () => process.start() };
  },
  observed: async (process) => process.pid() === undefined && !(await process.ready(ANSWER_DEADLINE_MS)),
  healed: async (process) => process.pid() !== undefined && (await process.ready(ANSWER_DEADLINE_MS)),
});
