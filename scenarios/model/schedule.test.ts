import fc from "fast-check";
import { expect, test } from "vitest";
import { dueMs, intendedMs, SETTLE_MS, slotAtOrAfter, slotsOf } from "./schedule.ts";

test("C2: a ramp of 4 clients over 1,000 ms has them due at 0, 250, 500 and 750 ms", () => {
  const load = { kind: "ramp", clients: 4, overMs: 1_000 } as const;
  expect([0, 1, 2, 3].map((index) => dueMs(load, index))).toEqual([0, 250, 500, 750]);
});

test("C4: a crowd of 4 clients that comes later", () => {
  const load = { kind: "ramp", clients: 4, overMs: 1_000, fromMs: 9_000 } as const;
  expect([0, 1, 2, 3].map((index) => dueMs(load, index))).toEqual([9_000, 9_250, 9_500, 9_750]);
});

test("C7: a constant load has every client due at the same time", () => {
  const load = { kind: "constant", clients: 3, atMs: 40 } as const;
  expect([0, 1, 2].map((index) => dueMs(load, index))).toEqual([40, 40, 40]);
});

test("I83: the slots of a publisher are exactly those due in [due + settle, until), on whole ms", () => {
  const whole = fc.integer({ min: 0, max: 100_000 });
  fc.assert(
    fc.property(
      fc.record({
        seed: whole,
        client: whole,
        everyMs: fc.integer({ min: 1, max: 5_000 }),
        dueMs: whole,
        untilMs: whole,
      }),
      (asked) => {
        const slots = slotsOf(asked);
        expect(slots.phaseMs).toBeGreaterThanOrEqual(0);
        expect(slots.phaseMs).toBeLessThan(asked.everyMs);
        const earliest = asked.dueMs + SETTLE_MS;
        // The slot before the first would be too early, or there is none.
        if (slots.first > 0) expect(intendedMs(slots, slots.first - 1)).toBeLessThan(earliest);
        expect(intendedMs(slots, slots.first)).toBeGreaterThanOrEqual(earliest);
        expect(Number.isInteger(intendedMs(slots, slots.first))).toBe(true);
        // The last one is before the end, and the next would not be.
        if (slots.end > slots.first) expect(intendedMs(slots, slots.end - 1)).toBeLessThan(asked.untilMs);
        expect(intendedMs(slots, slots.end)).toBeGreaterThanOrEqual(asked.untilMs);
      },
    ),
  );
});

test("rule 1: the same seed gives the same schedule, another seed another one", () => {
  const phases = (seed: number) =>
    Array.from(
      { length: 50 },
      (_, client) => slotsOf({ seed, client, everyMs: 1_000, dueMs: 0, untilMs: 10_000 }).phaseMs,
    );
  expect(phases(7)).toEqual(phases(7));
  expect(phases(7)).not.toEqual(phases(8));
});

test("publishers are de-phased: 1,000 of them fill every tenth of their interval with 6 to 14 %", () => {
  const tenths = new Array<number>(10).fill(0);
  for (let client = 0; client < 1_000; client++) {
    const { phaseMs } = slotsOf({ seed: 1, client, everyMs: 1_000, dueMs: 0, untilMs: 10_000 });
    tenths[Math.floor(phaseMs / 100)]! += 1;
  }
  for (const count of tenths) expect(count).toSatisfy((value: number) => value >= 60 && value <= 140);
});

test("slotAtOrAfter never goes below slot 0", () => {
  expect(slotAtOrAfter({ phaseMs: 500, everyMs: 1_000 }, -9_000)).toBe(0);
  expect(slotAtOrAfter({ phaseMs: 500, everyMs: 1_000 }, 500)).toBe(0);
  expect(slotAtOrAfter({ phaseMs: 500, everyMs: 1_000 }, 501)).toBe(1);
});

test("an interval that is not whole milliseconds is refused", () => {
  expect(() => slotsOf({ seed: 1, client: 1, everyMs: 0.5, dueMs: 0, untilMs: 1 })).toThrow(RangeError);
});
