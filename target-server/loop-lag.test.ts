import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { latenesses, watchLoopLag } from "./loop-lag.ts";

test("D57: a timer in time is one sample of 0, also when the clock says a little early", () => {
  expect(latenesses(100, 100)).toEqual([0]);
  expect(latenesses(99.7, 100)).toEqual([0]);
});

test("D57: a stall counts once for every interval that it swallowed, so it cannot hide among good ones", () => {
  expect(latenesses(175, 100)).toEqual([75, 55, 35, 15]);
});

test("A59: a loop that is really held up for 150 ms shows at least that", async () => {
  const seen: number[] = [];
  using _watching = watchLoopLag((seconds) => seen.push(seconds));
  await pause(50);
  const untilMs = performance.now() + 150;
  while (performance.now() < untilMs);
  while (Math.max(0, ...seen) < 0.1) await pause(5);
  expect(Math.max(...seen)).toBeGreaterThan(0.1);
  expect(seen.filter((seconds) => seconds > 0.05).length).toBeGreaterThan(2);
});
