import { defineFault } from "../fault.ts";
import { aFrame, hasHit, isOver, putInForce, which } from "../frame-fault.ts";

export default defineFault({
  name: "frame-duplicate",
  summary: "single frames of chosen connections arrive more than once, one right after the other",
  requirement: ["E55"],
  on: "link",
  frames: true,
  stacks: true,
  params: { ...aFrame.params, copies: 1 },
  explain: { ...aFrame.explain, copies: "how often each of them arrives beyond the first time" },
  bounds: { ...aFrame.bounds, copies: [1, 1_000] },
  closes: [],
  drops: false,

  inject: (link, params) =>
    putInForce(link, params, {
      label: "frame-duplicate",
      ...which(params),
      act: { kind: "duplicate", copies: params.copies },
    }),
  observed: hasHit,
  healed: isOver,
});
