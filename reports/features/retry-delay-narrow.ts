import type { Feature } from "../feature.ts";
import { plural, show } from "../measure.ts";
import { middleOf, retriesOf } from "../retries.ts";

const FEWEST = 20;
/** Less is a fixed delay (B16). */
const FROM_MS = 250;
/** A window of a second, and what timers add. */
const TO_MS = 1_300;

/** B17: there is jitter, but of no more than a second, so that the herd still comes within one. */
const feature: Feature = {
  name: "retry-delay-narrow",
  summary: "the clients' first waits differ, but by no more than about a second",
  find(record) {
    const first = retriesOf(record).filter(({ nth }) => nth === 1);
    const middle = middleOf(
      first.map(({ delayMs }) => delayMs),
      0.9,
    );
    if (!middle || first.length < FEWEST) return [];
    const spreadMs = middle.to - middle.from;
    if (spreadMs <= FROM_MS || spreadMs > TO_MS) return [];
    return [
      {
        text: `90 % of ${plural(first.length, "first attempt")} came ${show(middle.from)} to ${show(middle.to)} ms after the loss`,
      },
    ];
  },
};
export default feature;
