import type { Feature } from "../feature.ts";
import { lossesOf, tellLoss } from "../losses.ts";

/** B45: the instance that could not publish. Where only its reading stood still (B47), it is the other way round. */
const feature: Feature = {
  name: "loss-from-one-instance",
  summary: "all that is lost was accepted by one instance, and the others' messages arrive",
  find(record) {
    const { lost, received } = lossesOf(record);
    const from = new Set(lost.map((pair) => pair.from));
    const to = new Set(lost.map((pair) => pair.to));
    const others = received.some((pair) => !from.has(pair.from));
    return from.size === 1 && !from.has(undefined) && to.size > 1 && others
      ? lost.slice(0, 10).map(tellLoss)
      : [];
  },
};
export default feature;
