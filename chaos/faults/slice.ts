import { defineFault } from "../fault.ts";
import { slowedCarry } from "../slowed-carry.ts";
import { addToxics, STREAMS } from "../toxics.ts";

const carried = slowedCarry();

export default defineFault({
  name: "slice",
  summary: "bytes arrive in tiny pieces with a pause after each: a test of decoders, not of patience",
  requirement: ["E8"],
  on: "link",
  params: { pieceBytes: 32, variationBytes: 16, pauseUs: 1_000, stream: "both" },
  explain: {
    pieceBytes: "average size of a piece",
    variationBytes: "a piece is larger or smaller by as much as this; keep it below pieceBytes",
    pauseUs: "after each piece, in microseconds (1,000 are a millisecond)",
    stream: "which direction is sliced: downstream is from the server to whoever dialled, or both",
  },
  bounds: { pieceBytes: [2, 128], variationBytes: [0, 127], pauseUs: [500, 1_000_000], stream: STREAMS },
  closes: [],
  drops: false,

  async inject(link, { pieceBytes, variationBytes, pauseUs, stream }) {
    if (variationBytes >= pieceBytes) throw new Error("variationBytes must be below pieceBytes");
    await carried.before(link, stream, pieceBytes / (pauseUs / 1_000));
    const attributes = { average_size: pieceBytes, size_variation: variationBytes, delay: pauseUs };
    return addToxics(link, { type: "slicer", attributes }, stream);
  },
  observed: (link, { stream }) => carried.isSlow(link, stream),
  healed: (link, { stream }) => carried.isQuick(link, stream),
});
