import { describe, expect, test } from "vitest";
import { backoffDelayMs, backoffs } from "./backoff.ts";
import { random } from "./random.ts";

describe("back-off", () => {
  test("B16: the fixed profile sends everybody back after exactly one second", () => {
    const delays = Array.from({ length: 50 }, (_, client) =>
      backoffDelayMs(backoffs.fixed, 1, random(1, client)),
    );
    expect(new Set(delays)).toEqual(new Set([1_000]));
  });

  test("the stompjs profile is a fixed five seconds at every attempt", () => {
    expect([1, 2, 9].map((attempt) => backoffDelayMs(backoffs.stompjs, attempt, random(1)))).toEqual([
      5_000, 5_000, 5_000,
    ]);
  });

  test("I20: full jitter spreads a drop evenly over the whole delay, doubling up to the cap", () => {
    const delays = (attempt: number) =>
      Array.from({ length: 4_000 }, (_, client) =>
        backoffDelayMs(backoffs["full-jitter"], attempt, random(7, client, attempt)),
      );
    for (const [attempt, widthMs] of [
      [1, 8_000],
      [2, 16_000],
      [3, 32_000],
      [4, 60_000],
      [12, 60_000],
    ] as const) {
      const drawn = delays(attempt);
      expect(Math.max(...drawn)).toBeLessThan(widthMs);
      const seconds = new Map<number, number>();
      for (const delay of drawn)
        seconds.set(
          Math.floor((delay / widthMs) * 8),
          (seconds.get(Math.floor((delay / widthMs) * 8)) ?? 0) + 1,
        );
      // Eighths of the width hold 500 each; five standard deviations of such a count are 105.
      for (const count of seconds.values()) expect(Math.abs(count - 500)).toBeLessThan(105);
    }
  });

  test("B18: jitter inside the cap spreads the first retries and leaves nothing at the cap", () => {
    const delays = (attempt: number) =>
      Array.from({ length: 400 }, (_, client) =>
        backoffDelayMs(backoffs["jitter-inside-cap"], attempt, random(3, client, attempt)),
      );
    expect(new Set(delays(1)).size).toBeGreaterThan(390);
    expect(new Set(delays(3))).toEqual(new Set([4_000]));
    expect(new Set(delays(9))).toEqual(new Set([4_000]));
  });

  test("the same seed draws the same delays, another one others", () => {
    const draw = (seed: number) =>
      [1, 2, 3].map((attempt) => backoffDelayMs(backoffs["full-jitter"], attempt, random(seed, attempt)));
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });
});
