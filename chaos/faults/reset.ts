import { defineFault } from "../fault.ts";
import { addToxics, STREAMS } from "../toxics.ts";

const PATIENCE_MS = 1_000;

export default defineFault({
  name: "reset",
  summary:
    "connections break at their next byte: new ones by RST, those already open by FIN without a close frame",
  requirement: ["E5"],
  on: "link",
  params: { afterMs: 0, stream: "both" },
  explain: {
    // Toxiproxy sets SO_LINGER 0 when a connection is accepted, not when the toxic is added to one (2.12, measured).
    afterMs:
      "from the byte that sets it off to the end of the connection; a silent connection stays until it speaks",
    stream: "whose bytes set it off: downstream is from the server to whoever dialled, or both",
  },
  bounds: { afterMs: [0, 10_000], stream: STREAMS },
  closes: [1006],
  drops: true,

  inject: (link, { afterMs, stream }) =>
    addToxics(link, { type: "reset_peer", attributes: { timeout: afterMs } }, stream),
  observed: async (link, { afterMs }) => (await link.roundTripMs(2 * afterMs + PATIENCE_MS)) === undefined,
  healed: async (link) => (await link.roundTripMs(PATIENCE_MS)) !== undefined,
});
