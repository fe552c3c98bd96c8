import { defineFault } from "../fault.ts";

/** A refused or closed connection shows within one round trip; only a link slow by another fault needs longer. */
const PATIENCE_MS = 1_000;

export default defineFault({
  name: "cut",
  summary: "the link is cut: open connections end without a close frame, new ones are refused",
  requirement: ["E6", "E17", "E23", "E26", "E57"],
  on: "link",
  params: {},
  explain: {},
  closes: [1006],
  drops: true,

  async inject(link) {
    await link.cut();
    return { [Symbol.asyncDispose]: () => link.mend() };
  },
  observed: async (link) => (await link.roundTripMs(PATIENCE_MS)) === undefined,
  healed: async (link) => (await link.roundTripMs(PATIENCE_MS)) !== undefined,
});
