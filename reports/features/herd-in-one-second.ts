import type { Feature } from "../feature.ts";
import { plural, show } from "../measure.ts";
import { retriesOf } from "../retries.ts";

const FEWEST = 20;
const BUCKET_MS = 1_000;

/** B16, B17, B24, B29: whatever sent them away, they are back at the door together. */
const feature: Feature = {
  name: "herd-in-one-second",
  summary: "more than half of all who had to come back knocked within the same second",
  find(record) {
    const first = retriesOf(record).filter(({ nth }) => nth === 1);
    let best = { count: 0, fromMs: 0 };
    let from = 0;
    for (const [at, { atMs }] of first.entries()) {
      while (atMs - (first[from]?.atMs ?? atMs) >= BUCKET_MS) from++;
      const count = at + 1 - from;
      if (count > best.count) best = { count, fromMs: first[from]?.atMs ?? atMs };
    }
    if (best.count < FEWEST || best.count <= first.length / 2) return [];
    return [
      {
        text: `${best.count} of ${plural(first.length, "first attempt")} within a second of ${show(best.fromMs)} ms`,
        atMs: best.fromMs,
      },
    ];
  },
};
export default feature;
