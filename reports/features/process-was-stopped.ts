import type { Feature } from "../feature.ts";
import { plannedStops } from "../unasked-closes.ts";

/** A circumstance: an instance was asked to stop, as in a deployment. */
const feature: Feature = {
  name: "process-was-stopped",
  summary: "an instance was asked to stop, as in a deployment",
  find: (record) =>
    plannedStops(record).map(({ window, fromMs }) => ({
      text: `${window.fault} on ${window.target}`,
      atMs: fromMs,
      fault: window.index,
    })),
};
export default feature;
