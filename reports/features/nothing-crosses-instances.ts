import type { Feature } from "../feature.ts";
import { lossesOf, tellLoss } from "../losses.ts";

/** Not one delivery between two instances in the whole run: there is no relay, or nobody listens to it. */
const feature: Feature = {
  name: "nothing-crosses-instances",
  summary: "not one message of the whole run came from another instance, while those of the own one did",
  find(record) {
    const { lost, received } = lossesOf(record);
    const crossed = received.some(({ from, to }) => from !== to);
    const across = lost.filter(({ from, to }) => from !== undefined && from !== to);
    return crossed || received.length === 0 ? [] : across.slice(0, 10).map(tellLoss);
  },
};
export default feature;
