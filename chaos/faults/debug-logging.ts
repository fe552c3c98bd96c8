import { defineFault } from "../fault.ts";
import { switchesOf, turned } from "../switches.ts";

export default defineFault({
  name: "debug-logging",
  summary: "the server logs at level debug, as somebody's forgotten switch",
  requirement: ["E53"],
  on: "process",
  processes: ["server"],
  params: {},
  explain: {},
  closes: [],
  drops: false,

  inject: (process) => turned(process, { logLevel: "debug" }),
  observed: async (process) => (await switchesOf(process).read()).logLevel === "debug",
  healed: async (process) => (await switchesOf(process).read()).logLevel !== "debug",
});
