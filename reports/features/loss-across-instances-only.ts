import type { Feature } from "../feature.ts";
import { lossesOf, tellLoss } from "../losses.ts";

/** B42, B43: what never leaves its own instance. B45 to B47 lose the same way, but only around a fault. */
const feature: Feature = {
  name: "loss-across-instances-only",
  summary: "whoever is on the sender's own instance gets the message, and only others lose it",
  find(record) {
    const { lost, received } = lossesOf(record);
    const isAcross = lost.every(({ from, to }) => from !== undefined && from !== to);
    const atHome = received.some(({ from, to }) => from === to);
    return isAcross && atHome ? lost.slice(0, 10).map(tellLoss) : [];
  },
};
export default feature;
