import { defineFault } from "../fault.ts";
import type { Limits, Process } from "../topology.ts";

const ANSWER_DEADLINE_MS = 1_000;

/** What each process was allowed before. */
const formerLimits = new WeakMap<Process, number | undefined>();

export default defineFault({
  name: "fd-limit",
  summary: "the process may open no more files: new connections, its own ones to stores included, fail",
  requirement: ["E48"],
  on: "process",
  runAs: ["processes"],
  // Postgres's backends would inherit the limit and keep it.
  processes: ["server", "redis"],
  params: { spareFiles: 0 },
  explain: { spareFiles: "how many files and sockets it may still open beyond those that it has open now" },
  bounds: { spareFiles: [0, 10_000] },
  closes: [1006],
  drops: false,

  async inject(process, { spareFiles }) {
    const limits = limitsOf(process);
    const pid = process.pid();
    const former = await limits.get("open-files");
    formerLimits.set(process, former);
    await limits.set("open-files", (await limits.inUse("open-files")) + spareFiles);
    return {
      async [Symbol.asyncDispose]() {
        // The limit dies with its process: another one has its own.
        if (process.pid() === pid) await limits.set("open-files", former);
      },
    };
  },
  async observed(process, { spareFiles }) {
    const limits = limitsOf(process);
    if ((await limits.get("open-files")) === formerLimits.get(process)) return false;
    return spareFiles > 0 || !(await process.ready(ANSWER_DEADLINE_MS));
  },
  async healed(process) {
    if (process.pid() === undefined || !(await process.ready(ANSWER_DEADLINE_MS))) return false;
    return (await limitsOf(process).get("open-files")) === formerLimits.get(process);
  },
});

function limitsOf(process: Process): Limits {
  if (process.limits === undefined)
    throw new Error("the limits of a running process can be changed on Linux only");
  return process.limits;
}
