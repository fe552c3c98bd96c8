import { defineFault } from "../fault.ts";
import { aFrame, hasHit, isOver, putInForce, which } from "../frame-fault.ts";

export default defineFault({
  name: "frame-delay",
  summary:
    "single frames of chosen connections arrive late, and all that follow on the connection wait for them",
  requirement: ["E1", "E56"],
  on: "link",
  frames: true,
  stacks: true,
  params: { ...aFrame.params, delayMs: 500 },
  explain: { ...aFrame.explain, delayMs: "how long it is kept; at the window's end it goes at once" },
  bounds: { ...aFrame.bounds, delayMs: [1, 600_000] },
  closes: [],
  drops: false,

  inject: (link, params) =>
    putInForce(link, params, {
      label: "frame-delay",
      ...which(params),
      act: { kind: "delay", delayMs: params.delayMs },
    }),
  observed: hasHit,
  healed: isOver,
});
