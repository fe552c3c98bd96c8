import type { Feature } from "../feature.ts";
import { plural, show } from "../measure.ts";
import { isExplained, plannedStops, unaskedCloses } from "../unasked-closes.ts";

/** B21: who leaves time between the notice and the close lets the clients come apart. */
const AT_ONCE_MS = 1_000;

/** B21, B22: nobody was told before; nine of ten clients were out within a second of the signal. */
const feature: Feature = {
  name: "stop-cut-at-once",
  summary: "an instance that was asked to stop closed nearly all of its clients within a second",
  find(record) {
    return plannedStops(record).flatMap((stop) => {
      const own = unaskedCloses(record).filter((one) => isExplained([stop], one));
      const soon = own.filter(({ close }) => close.atMs <= stop.fromMs + AT_ONCE_MS);
      if (own.length === 0 || soon.length < 0.9 * own.length) return [];
      const last = soon.at(-1)?.close.atMs ?? stop.fromMs;
      return [
        {
          text: `${soon.length} of ${plural(own.length, "client")} were out ${show(last - stop.fromMs)} ms after ${stop.window.target} was asked to stop`,
          atMs: stop.fromMs,
          fault: stop.window.index,
        },
      ];
    });
  },
};
export default feature;
