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

  test("refuses NaN", () => {
    expect(() => record(emptyHistogram(), Number.NaN)).toThrow(RangeError);
  });
});
