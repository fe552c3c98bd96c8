import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bucketOf,
  bucketTop,
  emptyHistogram,
  type Histogram,
  merge,
  percentile,
  record,
  toData,
} from "./histogram.ts";

const values = fc.array(fc.integer({ min: 0, max: 2 ** 36 - 1 }), { minLength: 1, maxLength: 300 });

function filled(samples: readonly number[]): Histogram {
  const histogram = emptyHistogram();
  for (const sample of samples) record(histogram, sample);
  return histogram;
}

describe("a histogram", () => {
  test("has buckets one microsecond wide below 128, then at most 1/128 of their value", () => {
    expect([0, 1, 127, 128, 129, 255, 256, 257, 258].map(bucketOf)).toEqual([
      0, 1, 127, 128, 129, 255, 256, 256, 257,
    ]);
    expect([0, 127, 128, 255, 256].map(bucketTop)).toEqual([0, 127, 128, 255, 257]);
  });

  test("puts every value into the bucket that holds it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 36 - 1 }), (value) => {
        const index = bucketOf(value);
        expect(value).toBeLessThanOrEqual(bucketTop(index));
        if (index > 0) expect(value).toBeGreaterThan(bucketTop(index - 1));
        expect(bucketTop(index) - value).toBeLessThanOrEqual(value / 128);
      }),
    );
  });

  test("D1: gives percentiles never too low, at most 1/128 too high, never above the maximum", () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (samples, q) => {
        const sorted = [...samples].sort((a, b) => a - b);
        const truth = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] as number;
        const measured = percentile(filled(samples), q) as number;
        expect(measured).toBeGreaterThanOrEqual(truth);
        expect(measured).toBeLessThanOrEqual(Math.min(truth * (1 + 1 / 128), sorted.at(-1) as number));
      }),
    );
  });

  test("merges exactly, however the samples were split and shipped", () => {
    fc.assert(
      fc.property(values, values, (left, right) => {
        const merged = emptyHistogram();
        for (const part of [left, right]) merge(merged, JSON.parse(JSON.stringify(toData(filled(part)))));
        expect(toData(merged)).toEqual(toData(filled([...left, ...right])));
        expect(merged.total).toBe(left.length + right.length);
      }),
    );
  });

  test("knows that it has no samples", () => {
    expect(percentile(emptyHistogram(), 0.99)).toBeUndefined();
  });

  test("says a word about negative values only where there are any: every report of the load would carry it", () => {
    expect(toData(filled([5]))).toEqual({ buckets: [5, 1], minUs: 5, maxUs: 5 });
    expect(toData(filled([5]))).not.toHaveProperty("negative");
  });

  test("counts a negative value instead of dropping it", () => {
    const histogram = filled([-5, 10]);
    expect([
      histogram.total,
      histogram.negative,
      percentile(histogram, 0.5),
      percentile(histogram, 1),
    ]).toEqual([2, 1, -5, 10]);
    const merged = emptyHistogram();
    merge(merged, toData(histogram));
    expect(toData(merged)).toEqual(toData(histogram));
  });

  test("D1: any samples, any split over engine parts and seconds, any window: as good as the sorted array", () => {
    const sample = fc.record({
      vu: fc.nat(3),
      second: fc.nat(5),
      valueUs: fc.oneof(fc.nat(300), fc.nat(2_000_000), fc.integer({ min: -5_000, max: -1 }), fc.constant(0)),
    });
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 1, maxLength: 200 }),
        fc.nat(5),
        fc.nat(5),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (samples, a, b, q) => {
          const window = samples.filter(({ second }) => second >= Math.min(a, b) && second <= Math.max(a, b));
          const parts = new Map<string, Histogram>();
          for (const { vu, second, valueUs } of window) {
            const key = `${vu}/${second}`;
            const part = parts.get(key) ?? emptyHistogram();
            record(part, valueUs);
            parts.set(key, part);
          }
          const merged = emptyHistogram();
          for (const part of parts.values()) merge(merged, JSON.parse(JSON.stringify(toData(part))));
          const sorted = window.map(({ valueUs }) => valueUs).sort((x, y) => x - y);
          expect(merged.total).toBe(sorted.length);
          expect(merged.negative).toBe(sorted.filter((value) => value < 0).length);
          if (sorted.length === 0) {
            expect(percentile(merged, q)).toBeUndefined();
            return;
          }
          const truth = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] as number;
          const measured = percentile(merged, q) as number;
          // Of those below zero only the lowest is kept: a clock that is wrong is told, not measured.
          if (truth < 0) expect(measured).toBe(sorted[0]);
          else {
            expect(measured).toBeGreaterThanOrEqual(truth);
            expect(measured).toBeLessThanOrEqual(truth * (1 + 1 / 128));
          }
          expect([merged.minUs, merged.maxUs]).toEqual([sorted[0], sorted.at(-1)]);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("puts the edges of every power of two where they belong, whatever the engine's log2 says", () => {
    for (let exponent = 7; exponent <= 35; exponent++) {
      for (const value of [2 ** exponent - 1, 2 ** exponent, 2 ** exponent + 1]) {
        const index = bucketOf(value);
        expect(bucketTop(index), `${value}`).toBeGreaterThanOrEqual(value);
        expect(bucketTop(index - 1), `${value}`).toBeLessThan(value);
      }
    }
  });

  test("counts what is longer than its range in the last bucket, with its true maximum", () => {
    const histogram = filled([5, 2 ** 36 - 1, 2 ** 40]);
    expect([histogram.total, toData(histogram).buckets.length / 2]).toEqual([3, 2]);
    expect(percentile(histogram, 1)).toBe(2 ** 36 - 1);
    expect(histogram.maxUs).toBe(2 ** 40);
  });

  test("refuses NaN", () => {
    expect(() => record(emptyHistogram(), Number.NaN)).toThrow(RangeError);
  });
});
