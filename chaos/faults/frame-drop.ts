import { defineFault } from "../fault.ts";
import { aFrame, hasHit, isOver, putInForce, which } from "../frame-fault.ts";

export default defineFault({
  name: "frame-drop",
  summary: "single frames of chosen connections never arrive; everything before and after them does",
  requirement: ["E56", "E58"],
  on: "link",
  frames: true,
  stacks: true,
  ...aFrame,
  closes: [],
  drops: false,

  inject: (link, params) =>
    putInForce(link, params, { label: "frame-drop", ...which(params), act: { kind: "drop" } }),
  observed: hasHit,
  healed: isOver,
});
