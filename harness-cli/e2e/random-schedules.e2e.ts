import { afterAll, beforeAll, expect, test } from "vitest";
import { playKilled, theatre } from "./random-schedules.ts";

/** `node harness-cli/e2e/random-schedules.ts` plays hundreds; here are the first few of the same. */
const COUNT = Number(process.env.SEAWORTHY_SCHEDULES ?? 4);
const FIRST_SEED = Number(process.env.SEAWORTHY_SEED ?? 1);

let stage: Awaited<ReturnType<typeof theatre>>;
beforeAll(async () => {
  stage = await theatre();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

test.each(Array.from({ length: COUNT }, (_, i) => FIRST_SEED + i))(
  "rule 7: after the random schedule of seed %i everything is undone and the system carries messages again",
  async (seed) => {
    const { wrong, steps, schedule } = await stage.play(seed);
    expect(wrong, schedule).toEqual([]);
    expect(steps.injecting).toBeGreaterThan(0);
    expect(steps.healed ?? 0).toBe(steps.injected ?? 0);
  },
);

test("rule 7: the same with the harness killed by -9 in the middle: nothing is left", async () => {
  const { wrong, steps, schedule } = await playKilled(FIRST_SEED + 10_000);
  expect(wrong, schedule).toEqual([]);
  expect(steps.injecting).toBeGreaterThan(0);
});
