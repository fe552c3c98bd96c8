import { defineFault } from "../fault.ts";
import { aFrame, hasHit, isOver, putInForce, which } from "../frame-fault.ts";
import type { CorruptPart } from "../frame-proxy/rule.ts";

export default defineFault({
  name: "frame-corrupt",
  summary: "one part of single frames of chosen connections is spoilt on the way",
  requirement: ["E25", "E56"],
  on: "link",
  frames: true,
  stacks: true,
  params: { ...aFrame.params, part: "body" },
  explain: {
    ...aFrame.explain,
    part: "body: one letter is another; command: its first letter; text: no longer UTF-8; head: reserved bits of the WebSocket frame",
  },
  bounds: { ...aFrame.bounds, part: ["body", "command", "text", "head"] },
  // Protocol error, unacceptable data, not UTF-8, policy: whatever the receiver makes of it; or a silent end.
  closes: [1002, 1003, 1006, 1007, 1008],
  drops: true,

  inject: (link, params) =>
    putInForce(link, params, {
      label: "frame-corrupt",
      ...which(params),
      act: { kind: "corrupt", part: params.part as CorruptPart },
    }),
  observed: hasHit,
  healed: isOver,
});
