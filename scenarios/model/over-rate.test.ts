import { expect, test } from "vitest";
import { type Accepted, overRate } from "./over-rate.ts";

const at = (...times: number[]): Accepted[] => times.map((ms) => ({ sentAtMs: ms, answeredAtMs: ms + 5 }));
const times = (count: number, ms: number) => at(...Array.from({ length: count }, () => ms));

test("B156: nine before the edge of a fixed window and ten after it are nineteen in one sliding second", () => {
  const burst = [...at(0), ...times(9, 900), ...times(10, 1_050)];
  expect(overRate(burst, 10, 1_000)).toEqual({ count: 19, fromMs: 900, toMs: 1_055, allowed: 10 });
});

test("I31: ten in every second are no excess, however they lie in it", () => {
  expect(overRate([...times(10, 0), ...times(10, 1_000), ...times(10, 2_000)], 10, 1_000)).toBeUndefined();
  expect(overRate([], 10, 1_000)).toBeUndefined();
});

test("B154: three times ten at once are an excess also where their answers took more than a second", () => {
  const slow = Array.from({ length: 30 }, (_, n) => ({ sentAtMs: 0, answeredAtMs: n * 50 }));
  expect(overRate(slow, 10, 1_000)).toMatchObject({ count: 20, allowed: 10 });
});

test("what may have been taken a second apart is no proof", () => {
  const unclear = Array.from({ length: 11 }, () => ({ sentAtMs: 0, answeredAtMs: 1_001 }));
  expect(overRate(unclear, 10, 1_000)).toBeUndefined();
});
