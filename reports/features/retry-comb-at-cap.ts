import type { Feature } from "../feature.ts";
import { show } from "../measure.ts";
import { middleOf, type Retry, retriesOf } from "../retries.ts";

const FEWEST = 20;
const SPREAD_MS = 250;

/**
 * B18: the jitter is lost where the window meets its cap: first attempts are spread, later ones all wait the same. With
 * a fixed delay (B16) the first ones do so already.
 */
const feature: Feature = {
  name: "retry-comb-at-cap",
  summary: "the first attempts are spread, and later ones all wait exactly the same time",
  find(record) {
    const retries = retriesOf(record);
    const spread = (those: readonly Retry[]) => {
      const middle = middleOf(
        those.map(({ delayMs }) => delayMs),
        0.9,
      );
      return those.length < FEWEST ? undefined : middle;
    };
    const first = spread(retries.filter(({ nth }) => nth === 1));
    if (!first || first.to - first.from <= SPREAD_MS) return [];
    const most = Math.max(...retries.map(({ nth }) => nth));
    for (let nth = 2; nth <= most; nth++) {
      const own = retries.filter((one) => one.nth === nth);
      const middle = spread(own);
      if (!middle || middle.to - middle.from > SPREAD_MS) continue;
      return [
        {
          text: `90 % of ${own.length} attempts number ${nth} came ${show(middle.from)} to ${show(middle.to)} ms after the one before`,
        },
      ];
    }
    return [];
  },
};
export default feature;
