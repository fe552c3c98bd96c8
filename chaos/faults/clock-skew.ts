import { defineFault } from "../fault.ts";
import { switchesOf, turned } from "../switches.ts";
import type { Process } from "../topology.ts";

export default defineFault({
  name: "clock-skew",
  summary:
    "one instance's clock is wrong by a fixed amount: tokens, time stamps, windows and expiries follow it",
  requirement: ["E42"],
  on: "process",
  processes: ["server"],
  params: { offsetMs: 30_000 },
  explain: { offsetMs: "added to the server's own clock; negative puts it back" },
  bounds: { offsetMs: [-86_400_000, 86_400_000] },
  closes: [],
  drops: false,

  async inject(process, { offsetMs }) {
    if (Math.abs(offsetMs) < 1_000)
      throw new Error("an offset below 1,000 ms cannot be told from a busy machine");
    return turned(process, { clockOffsetMs: offsetMs });
  },
  observed: async (process, { offsetMs }) =>
    Math.abs((await skewMs(process)) - offsetMs) < Math.abs(offsetMs) / 2,
  healed: async (process, { offsetMs }) => Math.abs(await skewMs(process)) < Math.abs(offsetMs) / 2,
});

/** How far its clock is ahead of ours; wrong by no more than the question took. */
async function skewMs(process: Process): Promise<number> {
  return (await switchesOf(process).read()).nowMs - Date.now();
}
