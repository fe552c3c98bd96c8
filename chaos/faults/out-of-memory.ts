import { defineFault } from "../fault.ts";
import type { Limits, Process } from "../topology.ts";

const ANSWER_DEADLINE_MS = 1_000;
const MEGABYTE = 1_048_576;

/** Which one was to die. */
const victims = new WeakMap<Process, number>();

export default defineFault({
  name: "out-of-memory",
  summary:
    "the process gets no more memory and dies of it (Node: 134 or 133), and is started again when the window ends",
  requirement: ["E15"],
  on: "process",
  // Postgres's backends would inherit the limit and keep it.
  processes: ["server", "redis"],
  params: { headroomMegabytes: 0 },
  explain: {
    headroomMegabytes:
      "address space (RLIMIT_AS) beyond what it has mapped now, of a container memory beyond what it holds now, in MiB; it dies when its load needs more than that",
  },
  bounds: { headroomMegabytes: [0, 4_096] },
  closes: [1006],
  drops: true,

  async inject(process, { headroomMegabytes }) {
    const limits = limitsOf(process);
    const pid = process.pid();
    if (pid === undefined) throw new Error(`${process.name} is not running`);
    victims.set(process, pid);
    const former = await limits.get("address-space");
    await limits.set("address-space", (await limits.inUse("address-space")) + headroomMegabytes * MEGABYTE);
    return {
      async [Symbol.asyncDispose]() {
        if (process.pid() === pid) await limits.set("address-space", former).catch(unlessGone(process, pid));
        await process.start();
      },
    };
  },
  // A limit that nobody ran into is no effect.
  observed: async (process) => process.pid() !== victims.get(process),
  async healed(process) {
    if (process.pid() === undefined || !(await process.ready(ANSWER_DEADLINE_MS))) return false;
    return (await limitsOf(process).get("address-space")) === undefined;
  },
});

function limitsOf(process: Process): Limits {
  if (process.limits === undefined)
    throw new Error("the limits of a running process can be changed on Linux only");
  return process.limits;
}

/** It may die in the very moment in which it is let off. */
function unlessGone(process: Process, pid: number): (error: unknown) => void {
  return (error) => {
    if (process.pid() === pid) throw error;
  };
}
