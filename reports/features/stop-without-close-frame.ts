import type { Feature } from "../feature.ts";
import { isExplained, plannedStops, tellClose, unaskedCloses } from "../unasked-closes.ts";

/** B22, B27: an instance was asked to stop, and let go of its clients without a word. */
const feature: Feature = {
  name: "stop-without-close-frame",
  summary: "most clients of an instance that was asked to stop were dropped without a close frame",
  find(record) {
    const stops = plannedStops(record);
    const closes = unaskedCloses(record).filter((one) => isExplained(stops, one));
    const mute = closes.filter(({ close }) => close.code === null || close.code === 1_006);
    return mute.length > closes.length / 2 ? mute.slice(0, 10).map(tellClose) : [];
  },
};
export default feature;
