import { defineFault } from "../fault.ts";
import { aFrame, hasHit, isOver, putInForce, streamsOf } from "../frame-fault.ts";

export default defineFault({
  name: "half-open",
  summary:
    "chosen connections go silent while both sockets stay open, and go on when the window ends: a partition that heals on the same connection",
  requirement: ["E4", "E11", "E58", "E59"],
  on: "link",
  frames: true,
  stacks: true,
  params: { victims: 1, stream: "both", keep: "hold" },
  explain: {
    victims: `${aFrame.explain.victims}; the effect shows as soon as something wants to pass`,
    stream: "which direction is silent: downstream is from the server to its clients, or both",
    keep: "hold: nothing is read, senders feel it, and everything arrives afterwards; drop: whole frames are thrown away. The end of a connection arrives afterwards either way",
  },
  bounds: {
    victims: aFrame.bounds.victims,
    stream: ["both", "upstream", "downstream"],
    keep: ["hold", "drop"],
  },
  // A client that hears nothing leaves; a server that hears nothing, or cannot send, lets it go.
  closes: [1000, 1002, 1006, 1008],
  drops: true,

  inject: (link, params) =>
    putInForce(link, params, {
      label: "half-open",
      victims: params.victims,
      streams: streamsOf(params.stream),
      frame: "any",
      destination: "",
      nth: 1,
      count: 0,
      act: { kind: params.keep === "hold" ? "hold" : "blackhole" },
    }),
  observed: hasHit,
  healed: isOver,
});
