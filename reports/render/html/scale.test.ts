import fc from "fast-check";
import { expect, test } from "vitest";
import { roundStep, scaleFor } from "./scale.ts";

const spreads = ["linear", "durations", "counts"] as const;

test("a larger value is never lower, and every tick and value lies on the chart", () => {
  const value = fc.double({ min: 0, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(
      fc.constantFrom(...spreads),
      fc.array(value, { minLength: 1, maxLength: 30 }),
      (spread, values) => {
        const scale = scaleFor(values, spread);
        const sorted = values.toSorted((a, b) => a - b).map((one) => scale.at(one));
        expect(sorted).toEqual(sorted.toSorted((a, b) => a - b));
        for (const at of [...sorted, ...scale.ticks.map((tick) => scale.at(tick))]) {
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at).toBeLessThan(1);
        }
        expect(scale.ticks.length).toBeGreaterThan(1);
        expect(scale.ticks.length).toBeLessThan(16);
      },
    ),
  );
});

test("durations are log only when a linear axis would press them flat; counts keep their zero", () => {
  expect(scaleFor([2, 50], "durations").kind).toBe("linear");
  expect(scaleFor([2, 1_140, 100], "durations")).toMatchObject({
    kind: "log",
    ticks: [1, 10, 100, 1_000, 10_000],
  });
  expect(scaleFor([0, 3, 4], "counts").kind).toBe("linear");
  const counts = scaleFor([0, 64, 256], "counts");
  expect([counts.kind, counts.at(0), counts.ticks]).toEqual(["log", 0, [0, 1, 10, 100, 1_000]]);
});

test("nothing measured still has an axis", () => {
  for (const spread of spreads) expect(scaleFor([], spread).ticks.length).toBeGreaterThan(1);
  expect(roundStep(0.3)).toBe(0.5);
});
