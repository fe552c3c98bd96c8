import type { Feature } from "../feature.ts";
import { plural, show } from "../measure.ts";
import { middleOf, retriesOf } from "../retries.ts";

/** Fewer say nothing about how they were drawn. */
const FEWEST = 20;
/** What timers and a busy machine add. */
const SPREAD_MS = 250;

/** B16: every client waits the same time before its first attempt. */
const feature: Feature = {
  name: "retry-delay-fixed",
  summary: "nine of ten clients waited the same time before they came back",
  find(record) {
    const first = retriesOf(record).filter(({ nth }) => nth === 1);
    const middle = middleOf(
      first.map(({ delayMs }) => delayMs),
      0.9,
    );
    if (!middle || first.length < FEWEST || middle.to - middle.from > SPREAD_MS) return [];
    return [
      {
        text: `90 % of ${plural(first.length, "first attempt")} came ${show(middle.from)} to ${show(middle.to)} ms after the loss`,
      },
      ...first.slice(0, 5).map(({ client, delayMs, atMs }) => ({
        text: `client ${client} waited ${show(delayMs)} ms`,
        atMs,
        client,
      })),
    ];
  },
};
export default feature;
