import { expect, test } from "vitest";
import { figureOf, judged, ratioOf } from "./figures.ts";

test("a figure is the median with its spread, of odd and even numbers of runs", () => {
  expect(figureOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, runs: 3 });
  expect(figureOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4, runs: 4 });
  expect(() => figureOf([])).toThrow(RangeError);
});

test("a ratio compares run with run: a machine that was slow for both does not show", () => {
  expect(ratioOf([8, 4, 80], [10, 5, 100])).toEqual({ median: 0.8, min: 0.8, max: 0.8, runs: 3 });
});

test("a goal is met or missed by the median", () => {
  const figure = figureOf([0.6, 0.8, 0.75]);
  expect(judged({ figure, what: "ratio", atLeast: 0.7 })).toContain("met ");
  expect(judged({ figure, what: "ratio", atLeast: 0.76 })).toContain("MISSED");
  expect(judged({ figure, what: "KB", atMost: 0.7 })).toContain("MISSED");
});
