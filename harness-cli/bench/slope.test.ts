import { expect, test } from "vitest";
import { slopePerMinute } from "./slope.ts";

test("a line's slope is per minute, noise around a level has next to none", () => {
  const line = Array.from({ length: 10 }, (_, n) => ({ atMs: n * 6_000, value: 100 + n }));
  expect(slopePerMinute(line)).toBeCloseTo(10);
  const noise = Array.from({ length: 10 }, (_, n) => ({ atMs: n * 6_000, value: n % 2 === 0 ? 100 : 101 }));
  expect(Math.abs(slopePerMinute(noise))).toBeLessThan(1);
  expect(slopePerMinute([])).toBe(0);
  expect(slopePerMinute([{ atMs: 1, value: 5 }])).toBe(0);
});
