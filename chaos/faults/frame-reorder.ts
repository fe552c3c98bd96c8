import { defineFault } from "../fault.ts";
import { aFrame, hasHit, isOver, putInForce, which } from "../frame-fault.ts";

export default defineFault({
  name: "frame-reorder",
  summary: "single frames of chosen connections are overtaken by later ones",
  requirement: ["E56"],
  on: "link",
  frames: true,
  stacks: true,
  params: { ...aFrame.params, behind: 1 },
  explain: {
    ...aFrame.explain,
    behind: "how many matching frames overtake it; where fewer come it arrives when the window ends",
  },
  bounds: { ...aFrame.bounds, behind: [1, 1_000] },
  closes: [],
  drops: false,

  inject: (link, params) =>
    putInForce(link, params, {
      label: "frame-reorder",
      ...which(params),
      act: { kind: "reorder", behind: params.behind },
    }),
  observed: hasHit,
  healed: isOver,
});
