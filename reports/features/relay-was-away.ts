import type { Feature } from "../feature.ts";
import { faultSpans } from "../windows.ts";

/** A circumstance: it names nobody alone, and tells apart what only an outage of Redis brings out. */
const feature: Feature = {
  name: "relay-was-away",
  summary: "Redis, or an instance's way to it, was broken for a time",
  find(record) {
    return faultSpans(record)
      .filter(({ window, ...span }) => span.void === undefined && /(^|\/)redis$/.test(window.target))
      .map(({ window, fromMs }) => ({
        text: `${window.fault} on ${window.target}`,
        atMs: fromMs,
        fault: window.index,
      }));
  },
};
export default feature;
