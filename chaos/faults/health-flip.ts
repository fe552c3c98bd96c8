import { defineFault } from "../fault.ts";
import { switchesOf, turned } from "../switches.ts";

const ANSWER_DEADLINE_MS = 1_000;

export default defineFault({
  name: "health-flip",
  summary: "readiness says no while everything works: what a balancer or an orchestrator makes of it",
  requirement: ["E41"],
  on: "process",
  processes: ["server"],
  params: {},
  explain: {},
  closes: [],
  drops: false,

  inject: (process) => turned(process, { ready: false }),
  observed: async (process) =>
    !(await process.ready(ANSWER_DEADLINE_MS)) && !(await switchesOf(process).read()).ready,
  healed: async (process) => await process.ready(ANSWER_DEADLINE_MS),
});
