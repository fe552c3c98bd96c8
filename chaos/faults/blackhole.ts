import { defineFault } from "../fault.ts";
import { addToxics, STREAMS } from "../toxics.ts";

/** Longer than any answer through a healthy link of this machine. */
const PATIENCE_MS = 1_000;

export default defineFault({
  name: "blackhole",
  summary: "bytes vanish while every connection stays open; the connections end when it is healed (E59)",
  requirement: ["E4", "E11", "E19", "E23", "E57", "E58", "E59"],
  on: "link",
  params: { stream: "both" },
  explain: {
    stream:
      "what vanishes: downstream is from the server to whoever dialled, or both; one way only tests who notices",
  },
  bounds: { stream: STREAMS },
  closes: [1006],
  drops: true,

  // timeout 0: never closes by itself. What was dropped is missing for ever, so Toxiproxy closes on removal.
  inject: (link, { stream }) => addToxics(link, { type: "timeout", attributes: { timeout: 0 } }, stream),
  observed: async (link) => (await link.roundTripMs(PATIENCE_MS)) === undefined,
  healed: async (link) => (await link.roundTripMs(PATIENCE_MS)) !== undefined,
});
