import type { Feature } from "../feature.ts";
import { faultSpans } from "../windows.ts";

/** A circumstance: it names nobody alone, and tells apart what only an outage of the database brings out. */
const feature: Feature = {
  name: "store-was-away",
  summary: "the database, or an instance's way to it, was broken for a time",
  find(record) {
    return faultSpans(record)
      .filter(({ window, ...span }) => span.void === undefined && /(^|\/)postgres$/.test(window.target))
      .map(({ window, fromMs }) => ({
        text: `${window.fault} on ${window.target}`,
        atMs: fromMs,
        fault: window.index,
      }));
  },
};
export default feature;
