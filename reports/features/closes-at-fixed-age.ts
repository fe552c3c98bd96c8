import type { Feature } from "../feature.ts";
import { plural, show } from "../measure.ts";
import { middleOf } from "../retries.ts";
import { isExplained, tellClose, unaskedCloses } from "../unasked-closes.ts";
import { faultSpans } from "../windows.ts";

const FEWEST = 5;
const SHORTEST_MS = 1_000;
const SPREAD_MS = 1_500;

/** B10 (the other way round), B151, B152: a connection is let go at an age, whatever happens on it: its token's, say. */
const feature: Feature = {
  name: "closes-at-fixed-age",
  summary:
    "connections that no fault explains, and on which something was going on, closed at one and the same age",
  find(record) {
    const spans = faultSpans(record);
    const own = unaskedCloses(record).filter((one) => !isExplained(spans, one) && one.ageMs !== undefined);
    const ages = middleOf(
      own.map(({ ageMs }) => ageMs ?? 0),
      0.8,
    );
    const silences = middleOf(
      own.map(({ close }) => close.silentMs),
      0.8,
    );
    if (!ages || !silences || own.length < FEWEST || ages.median < SHORTEST_MS) return [];
    if (ages.to - ages.from > Math.max(SPREAD_MS, ages.median / 10)) return [];
    // Who was silent all the time is as old as its silence: that is an idle time-out.
    if (silences.median > ages.median / 2) return [];
    const text = `${plural(own.length, "connection")} closed at an age of ${show(ages.from)} to ${show(ages.to)} ms`;
    return [{ text }, ...own.slice(0, 5).map(tellClose)];
  },
};
export default feature;
