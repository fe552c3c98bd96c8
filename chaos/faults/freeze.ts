import { defineFault } from "../fault.ts";

const ANSWER_DEADLINE_MS = 1_000;

export default defineFault({
  name: "freeze",
  summary: "the process stands still (SIGSTOP) with all its sockets open, and goes on when the window ends",
  requirement: ["E14", "E19"],
  on: "process",
  params: {},
  explain: {},
  closes: [1006],
  drops: true,

  async inject(process) {
    await process.signal("SIGSTOP");
    return {
      async [Symbol.asyncDispose]() {
        // One that died meanwhile has taken its standstill with it.
        if (process.pid() !== undefined) await process.signal("SIGCONT");
      },
    };
  },
  observed: async (process) => process.frozen() && !(await process.ready(ANSWER_DEADLINE_MS)),
  healed: async (process) => !process.frozen() && (await process.ready(ANSWER_DEADLINE_MS)),
});
