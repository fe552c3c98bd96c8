import type { Feature } from "../feature.ts";
import { faultSpans } from "../windows.ts";

/** A circumstance: an instance died without a chance to say or to finish anything. */
const feature: Feature = {
  name: "process-was-killed",
  summary: "an instance died on the spot",
  find(record) {
    return faultSpans(record)
      .filter(
        ({ window, ...span }) => span.void === undefined && ["kill", "out-of-memory"].includes(window.fault),
      )
      .map(({ window, fromMs }) => ({
        text: `${window.fault} on ${window.target}`,
        atMs: fromMs,
        fault: window.index,
      }));
  },
};
export default feature;
