import { defineFault } from "../fault.ts";
import { aFrame, hasHit, isOver, putInForce } from "../frame-fault.ts";

export default defineFault({
  name: "heartbeat-swallow",
  summary: "STOMP heart-beats of one side never arrive, while everything else does",
  requirement: ["E4", "E58"],
  on: "link",
  frames: true,
  stacks: true,
  params: { victims: 1, from: "server", count: 0 },
  explain: {
    victims: aFrame.explain.victims,
    from: "whose heart-beats; a side that has other things to say sends none, and is not missed",
    count: "how many in a row are swallowed; 0 for all until the window ends",
  },
  bounds: { victims: aFrame.bounds.victims, from: ["server", "client"], count: aFrame.bounds.count },
  // A client that hears nothing leaves; a server that hears nothing lets it go.
  closes: [1000, 1002, 1006],
  drops: true,

  inject: (link, params) =>
    putInForce(link, params, {
      label: "heartbeat-swallow",
      victims: params.victims,
      streams: [params.from === "server" ? "downstream" : "upstream"],
      frame: "heart-beat",
      destination: "",
      nth: 1,
      count: params.count,
      act: { kind: "drop" },
    }),
  observed: hasHit,
  healed: isOver,
});
