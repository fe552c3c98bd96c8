import { defineFault } from "../fault.ts";
import { aFrame, hasHit, isOver, putInForce, which } from "../frame-fault.ts";

export default defineFault({
  name: "frame-truncate",
  summary: "single frames of chosen connections end before their time",
  requirement: ["E8", "E9"],
  on: "link",
  frames: true,
  stacks: true,
  params: { ...aFrame.params, level: "stomp", keepPercent: 50 },
  explain: {
    ...aFrame.explain,
    level:
      "stomp: a whole WebSocket frame without the end of its text; websocket: the frame itself breaks off, and what follows is taken for its rest",
    keepPercent: "how much of it arrives",
  },
  bounds: { ...aFrame.bounds, level: ["stomp", "websocket"], keepPercent: [0, 99] },
  // Protocol error, unacceptable data, not UTF-8, policy, too big: whatever the receiver makes of it; or a silent end.
  closes: [1002, 1003, 1006, 1007, 1008, 1009],
  drops: true,

  inject: (link, params) =>
    putInForce(link, params, {
      label: "frame-truncate",
      ...which(params),
      act: {
        kind: "truncate",
        level: params.level as "stomp" | "websocket",
        keepPercent: params.keepPercent,
      },
    }),
  observed: hasHit,
  healed: isOver,
});
