import { expect, test } from "vitest";
import { RunClock } from "./run-clock.ts";
import type { World } from "./world.ts";

/** A world whose wall clock can be set. */
function worldWith(clock: { epochMs: number }): World {
  return { now: () => clock.epochMs } as World;
}

test("the bring-up lies before the run, in order", () => {
  const clock = new RunClock(worldWith({ epochMs: 0 }));
  const first = clock.nowMs();
  expect(first).toBeGreaterThanOrEqual(-600_000);
  expect(first).toBeLessThan(0);
  expect(clock.nowMs()).toBeGreaterThanOrEqual(first);
});

test("go is told in epoch ms, and time runs towards it", () => {
  const clock = new RunClock(worldWith({ epochMs: 1_795_330_000_000 }));
  expect(clock.go(3_600_000)).toBe(1_795_333_600_000);
  expect(clock.nowMs()).toBeLessThan(-3_500_000);
});

test.each([3_600_000, -3_600_000])("bad luck: a wall clock that is set by %i ms moves nothing", (stepMs) => {
  const wall = { epochMs: 1_795_330_000_000 };
  const clock = new RunClock(worldWith(wall));
  clock.go(0);
  const before = clock.nowMs();
  wall.epochMs += stepMs;
  expect(clock.nowMs() - before).toBeGreaterThanOrEqual(0);
  // A stall of this machine is shorter than an hour.
  expect(clock.nowMs() - before).toBeLessThan(1_800_000);
});
