import { afterEach, expect, test } from "vitest";
import { offsetClock } from "./offset-clock.ts";

afterEach(() => offsetClock(0));

test.each([3_600_000, -3_600_000])(
  "E42: everybody who asks Date sees a clock that is %i ms off",
  (offsetMs) => {
    const beforeMs = Date.now();
    offsetClock(offsetMs);
    for (const nowMs of [Date.now(), Date.parse(new Date().toISOString()), Date.parse(Date())]) {
      // Date() as a function has whole seconds
      expect(Math.abs(nowMs - beforeMs - offsetMs)).toBeLessThan(60_000);
    }
    expect(new Date() instanceof Date).toBe(true);
  },
);

test("E42: what a date is made of stays what it is, and the clock goes right again", () => {
  const made = new Date(0);
  const trueDate = Date;
  offsetClock(3_600_000);
  expect(new Date(5).getTime()).toBe(5);
  expect(Date.UTC(1970, 0, 1)).toBe(0);
  expect(made instanceof Date).toBe(true);
  offsetClock(0);
  expect(Date).toBe(trueDate);
});
