import { defineFault } from "../fault.ts";
import { isRestarted, isRestarting, restart } from "../restart-process.ts";

export default defineFault({
  name: "rolling-restart",
  summary: "a deployment: aimed at server-all, each is restarted in its turn, in its share of the window",
  requirement: ["E12"],
  on: "process",
  inTurn: true,
  params: { graceMs: 10_000 },
  explain: {
    graceMs: "SIGKILL follows after this long, or at the end of the instance's share of the window",
  },
  bounds: { graceMs: [0, 120_000] },
  closes: [1000, 1001, 1012],
  drops: true,

  inject: (process, { graceMs }) => restart(process, graceMs),
  observed: isRestarting,
  healed: isRestarted,
});
