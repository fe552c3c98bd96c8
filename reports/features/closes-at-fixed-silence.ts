import type { Feature } from "../feature.ts";
import { plural, show } from "../measure.ts";
import { middleOf } from "../retries.ts";
import { isExplained, tellClose, unaskedCloses } from "../unasked-closes.ts";
import { faultSpans } from "../windows.ts";

const FEWEST = 5;
/** Shorter is no idle time-out of anybody. */
const SHORTEST_MS = 1_000;
/** An idle time-out is checked once a second or so by most who have one. */
const SPREAD_MS = 1_500;

/** B1, B3, B9: somebody on the way has an idle time-out, and it is shorter than the beats' distance. */
const feature: Feature = {
  name: "closes-at-fixed-silence",
  summary: "connections that no fault explains closed at one and the same time after their last byte",
  find(record) {
    const spans = faultSpans(record);
    const own = unaskedCloses(record).filter((one) => !isExplained(spans, one));
    const middle = middleOf(
      own.map(({ close }) => close.silentMs),
      0.8,
    );
    if (!middle || own.length < FEWEST || middle.median < SHORTEST_MS) return [];
    if (middle.to - middle.from > Math.max(SPREAD_MS, middle.median / 10)) return [];
    const text = `${plural(own.length, "connection")} closed ${show(middle.from)} to ${show(middle.to)} ms after the last byte`;
    return [{ text }, ...own.slice(0, 5).map(tellClose)];
  },
};
export default feature;
