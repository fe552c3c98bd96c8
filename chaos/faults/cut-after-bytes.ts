import { defineFault } from "../fault.ts";
import { addToxics, STREAMS, streamsOf } from "../toxics.ts";

const PATIENCE_MS = 3_000;
/** So many more than may pass that what was already on its way cannot hide it. */
const MORE_BYTES = 4_096;

export default defineFault({
  name: "cut-after-bytes",
  summary: "each connection ends after so many more bytes, in the middle of a frame if need be",
  requirement: ["E9"],
  on: "link",
  params: { bytes: 4_096, stream: "downstream" },
  explain: {
    bytes: "that pass on each connection, counted from the fault's start or from the connection's own",
    stream: "whose bytes count: downstream is from the server to whoever dialled, or both",
  },
  bounds: { bytes: [1, 65_536], stream: STREAMS },
  closes: [1006],
  drops: true,

  inject: (link, { bytes, stream }) => addToxics(link, { type: "limit_data", attributes: { bytes } }, stream),
  async observed(link, { bytes, stream }) {
    for (const each of streamsOf(stream)) {
      if ((await link.carryMs(bytes + MORE_BYTES, each, PATIENCE_MS)) !== undefined) return false;
    }
    return true;
  },
  async healed(link, { bytes, stream }) {
    for (const each of streamsOf(stream)) {
      if ((await link.carryMs(bytes + MORE_BYTES, each, PATIENCE_MS)) === undefined) return false;
    }
    return true;
  },
});
