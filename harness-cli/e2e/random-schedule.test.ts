import { expect, test } from "vitest";
import { loadCatalog } from "../catalog.ts";
import { targetNames } from "../fault-spec.ts";
import { randomSchedule } from "./random-schedule.ts";

const faults = [...(await loadCatalog()).faults.values()].filter(
  ({ on, runAs }) => on !== "shell" && on !== "balancer" && (runAs?.includes("processes") ?? true),
);
const target = { kind: "reference", instances: 3, defects: [], runAs: "processes" } as const;
const of = (seed: number) => randomSchedule(seed, faults, target);
const seeds = Array.from({ length: 200 }, (_, seed) => seed);

test("the same seed draws the same faults, victims and times; others draw others", () => {
  for (const seed of seeds) expect(of(seed)).toEqual(of(seed));
  expect(new Set(seeds.map((seed) => JSON.stringify(of(seed)))).size).toBe(seeds.length);
});

test("200 schedules have one to five faults each, meet every fault, and aim each where it fits", () => {
  const sizes = seeds.map((seed) => of(seed).length);
  expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([1, 5]);
  const drawn = new Set(seeds.flatMap((seed) => of(seed).map(({ fault }) => fault)));
  expect([...drawn].sort()).toEqual(faults.map(({ name }) => name).sort());
  for (const window of seeds.flatMap(of)) {
    const fault = faults.find(({ name }) => name === window.fault);
    expect(targetNames(target)[fault?.on ?? "shell"]).toContain(window.target);
    if (fault?.frames) expect(window.target).toMatch(/clients$/);
    expect(window.toMs).toBeGreaterThan(window.fromMs);
  }
});
