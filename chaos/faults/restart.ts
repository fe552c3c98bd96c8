import { defineFault } from "../fault.ts";
import { isRestarted, isRestarting, restart } from "../restart-process.ts";

export default defineFault({
  name: "restart",
  summary: "a planned restart: SIGTERM, then a new one at once at the same address; once per window",
  requirement: ["E12"],
  on: "process",
  params: { graceMs: 10_000 },
  explain: { graceMs: "SIGKILL follows after this long, or at the window's end" },
  bounds: { graceMs: [0, 120_000] },
  closes: [1000, 1001, 1012],
  drops: true,

  inject: (process, { graceMs }) => restart(process, graceMs),
  observed: isRestarting,
  healed: isRestarted,
});
