import { expect, test } from "vitest";
import { largest, plural, rounded, showAt, showMeasured, showNumber, showSpan } from "./numbers.ts";

test.each([
  [0, "0"],
  [-0, "0"],
  [0.0341, "0.034"],
  [0.9994, "0.999"],
  [0.9996, "1"],
  [4.126, "4.13"],
  [9.996, "10"],
  [31.46, "31.5"],
  [99.96, "100"],
  [100.4, "100"],
  [999.6, "1,000"],
  [12_345, "12,345"],
  [1_234_567.8, "1,234,568"],
  [-0.0001, "0"],
  [-1_500, "-1,500"],
  [Number.POSITIVE_INFINITY, "infinite"],
  [Number.NaN, "not a number"],
])("G16: %d is written %s", (value, shown) => {
  expect(showNumber(value)).toBe(shown);
});

test("G16: times, lengths and measurements carry their units", () => {
  expect(showAt(12_411)).toBe("12.41 s");
  expect(showAt(-2_410)).toBe("-2.41 s");
  expect([0.4, 80, 999.4, 999.6, 1_300, 60_000, 119_960, 725_000].map(showSpan)).toEqual([
    "0.4 ms",
    "80 ms",
    "999 ms",
    "1 s",
    "1.3 s",
    "60 s",
    "2 min",
    "12 min 5 s",
  ]);
  expect([
    showMeasured(1, "messages"),
    showMeasured(2, "messages"),
    showMeasured(1, "ms"),
    showMeasured(33.3, "%"),
  ]).toEqual(["1 message", "2 messages", "1 ms", "33.3%"]);
  expect([plural(1, "check"), plural(1_000, "check")]).toEqual(["1 check", "1,000 checks"]);
  expect(rounded(0.1 + 0.2)).toBe(0.3);
});

test("the largest of more values than an argument list can hold", () => {
  expect(largest(new Array<number>(500_000).fill(3), 0)).toBe(3);
  expect(largest([], 7)).toBe(7);
});
