import { expect, test } from "vitest";
import { lagOf, lagP99 } from "./lag.ts";

const series = (counts: Record<string, number>) =>
  lagOf(
    Object.fromEntries(
      Object.entries(counts).map(([le, count]) => [`event_loop_lag_seconds_bucket{le="${le}"}`, count]),
    ),
  );

test("the p99 between two scrapes is of what came in between, not of all since the start", () => {
  const before = series({ "0.01": 0, "0.02": 0, "+Inf": 1_000 });
  const after = series({ "0.01": 90, "0.02": 99, "+Inf": 1_100 });
  expect(lagP99(before, after)).toBe(0.02);
  expect(lagP99(before, series({ "0.01": 90, "0.02": 98, "+Inf": 1_100 }))).toBe(Infinity);
  expect(lagP99(before, before)).toBeUndefined();
});
