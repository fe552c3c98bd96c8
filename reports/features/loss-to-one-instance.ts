import type { Feature } from "../feature.ts";
import { lossesOf, tellLoss } from "../losses.ts";

/** B47, B76, B220: the instance that did not listen while others published. */
const feature: Feature = {
  name: "loss-to-one-instance",
  summary: "only the clients of one instance lose messages, from several others, and the rest get everything",
  find(record) {
    const { lost, received } = lossesOf(record);
    const to = new Set(lost.map((pair) => pair.to));
    const from = new Set(lost.map((pair) => pair.from));
    const others = received.some((pair) => !to.has(pair.to));
    return to.size === 1 && from.size > 1 && others ? lost.slice(0, 10).map(tellLoss) : [];
  },
};
export default feature;
