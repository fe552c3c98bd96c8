import { defineFault } from "../fault.ts";
import { addToxics } from "../toxics.ts";

/** Beside the delay itself: for the question that goes before the close, on a busy machine. */
const PATIENCE_MS = 1_000;

export default defineFault({
  name: "slow-close",
  summary: "the end of a connection (FIN) reaches the dialling side late: its socket lingers half closed",
  requirement: ["E7"],
  on: "link",
  params: { delayMs: 5_000 },
  explain: {
    delayMs: "from the server's FIN to the one that the dialling side sees; frames are not delayed",
  },
  bounds: { delayMs: [200, 20_000] },
  closes: [],
  drops: false,

  inject: (link, { delayMs }) =>
    addToxics(link, { type: "slow_close", attributes: { delay: delayMs } }, "downstream"),
  async observed(link, { delayMs }) {
    const lateMs = lateFrom(delayMs);
    const closeMs = await link.closeMs(lateMs + PATIENCE_MS);
    // Not closed by then is late enough, if it is the close that is late.
    if (closeMs === undefined) return (await link.roundTripMs(PATIENCE_MS)) !== undefined;
    return closeMs >= lateMs;
  },
  healed: async (link, { delayMs }) =>
    ((await link.closeMs(2 * PATIENCE_MS)) ?? Number.POSITIVE_INFINITY) < lateFrom(delayMs),
});

/** Nobody waits 20 s to see that a close takes longer than none. */
function lateFrom(delayMs: number): number {
  return Math.min(delayMs / 2, 2_000);
}
