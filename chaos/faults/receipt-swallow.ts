import { defineFault } from "../fault.ts";
import { aFrame, hasHit, isOver, putInForce } from "../frame-fault.ts";

const { victims, nth } = aFrame.explain;

export default defineFault({
  name: "receipt-swallow",
  summary:
    "the server did what it was asked, and its RECEIPT never arrives: nobody can know which of the two is missing",
  requirement: ["E30", "E58"],
  on: "link",
  frames: true,
  stacks: true,
  params: { victims: 1, nth: 1, count: 1 },
  explain: {
    victims,
    nth,
    count: "how many RECEIPTs in a row are swallowed; 0 for all until the window ends",
  },
  bounds: { victims: aFrame.bounds.victims, nth: aFrame.bounds.nth, count: aFrame.bounds.count },
  closes: [],
  drops: false,

  inject: (link, params) =>
    putInForce(link, params, {
      label: "receipt-swallow",
      ...params,
      streams: ["downstream"],
      frame: "RECEIPT",
      destination: "",
      act: { kind: "drop" },
    }),
  observed: hasHit,
  healed: isOver,
});
