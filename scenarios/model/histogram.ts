/**
 * A log-linear (HDR-style) histogram of durations: exact to merge, 0.8 % wide buckets, a few hundred numbers
 * however many samples. Values are whole microseconds from 0 to about 19 hours; a negative value is counted
 * apart and never dropped, since it means that a clock is wrong.
 *
 * Two significant digits, not HDR's usual three: 2^7 buckets for each power of two make an error of 1/128 at most,
 * always upwards, where three digits need 2^11 of them. The limits that are judged (100 ms, 1 s) are round numbers and
 * a percentile of a few thousand samples is not known to 0.1 % either; three digits would make each second's
 * telemetry several times as long, since hardly two samples then share a bucket.
 */
export interface Histogram {
  /** Bucket index to count; sparse. */
  readonly counts: Map<number, number>;
  total: number;
  /** Samples below zero. They are part of `total` and sort below every bucket. */
  negative: number;
  minUs: number;
  maxUs: number;
}

/** The form that travels and is stored: `[index, count, index, count, …]`, sorted by index. */
export interface HistogramData {
  readonly buckets: readonly number[];
  readonly negative?: number;
  readonly minUs: number;
  readonly maxUs: number;
}

/** 128 buckets for each power of two: relative width 1/128. */
const SUB_BITS = 7;
const SUB = 1 << SUB_BITS;
/** 2^36 µs is 19 hours; anything longer is counted in the last bucket. */
const MAX_US = 2 ** 36 - 1;

export function emptyHistogram(): Histogram {
  return {
    counts: new Map(),
    total: 0,
    negative: 0,
    minUs: Number.POSITIVE_INFINITY,
    maxUs: Number.NEGATIVE_INFINITY,
  };
}

/** The bucket of a value in µs. Below 128 every bucket is one microsecond wide. */
export function bucketOf(valueUs: number): number {
  // Whole numbers of 31 bits, which is nearly all there is, by bits: in k6 a logarithm costs three times as much.
  const small = valueUs | 0;
  if (small === valueUs) {
    if (small < SUB) return small;
    const shift = 31 - Math.clz32(small) - SUB_BITS;
    return SUB * shift + (small >> shift);
  }
  const value = Math.min(Math.floor(valueUs), MAX_US);
  const exponent = Math.floor(Math.log2(value)) - SUB_BITS;
  return SUB * (exponent + 1) + (Math.floor(value / 2 ** exponent) - SUB);
}

/** The highest value in µs that a bucket holds: percentiles are never reported too low. */
export function bucketTop(index: number): number {
  if (index < SUB) return index;
  const exponent = Math.floor(index / SUB) - 1;
  return (SUB + (index % SUB) + 1) * 2 ** exponent - 1;
}

export function record(histogram: Histogram, valueUs: number, count = 1): void {
  if (!(valueUs >= 0)) {
    if (Number.isNaN(valueUs)) throw new RangeError("a histogram cannot record NaN");
    histogram.negative += count;
  }
  histogram.total += count;
  if (valueUs < histogram.minUs) histogram.minUs = valueUs;
  if (valueUs > histogram.maxUs) histogram.maxUs = valueUs;
  if (valueUs < 0) return;
  const index = bucketOf(valueUs);
  histogram.counts.set(index, (histogram.counts.get(index) ?? 0) + count);
}

/**
 * The value in µs at or below which `q` (0 to 1) of the samples lie; undefined on no samples.
 * Never above the highest recorded value, at most 1/128 above the true percentile.
 */
export function percentile(histogram: Histogram, q: number): number | undefined {
  if (histogram.total === 0) return undefined;
  const rank = Math.max(1, Math.ceil(q * histogram.total));
  let seen = histogram.negative;
  if (seen >= rank) return histogram.minUs;
  for (const index of [...histogram.counts.keys()].sort((a, b) => a - b)) {
    seen += histogram.counts.get(index) as number;
    if (seen >= rank) return Math.min(bucketTop(index), histogram.maxUs);
  }
  return histogram.maxUs;
}

export function merge(into: Histogram, data: HistogramData): void {
  const { buckets } = data;
  for (let i = 0; i + 1 < buckets.length; i += 2) {
    const index = buckets[i] as number;
    const count = buckets[i + 1] as number;
    into.counts.set(index, (into.counts.get(index) ?? 0) + count);
    into.total += count;
  }
  const negative = data.negative ?? 0;
  into.negative += negative;
  into.total += negative;
  into.minUs = Math.min(into.minUs, data.minUs);
  into.maxUs = Math.max(into.maxUs, data.maxUs);
}

export function toData(histogram: Histogram): HistogramData {
  const buckets: number[] = [];
  // A typed array sorts by number without calling back for each comparison, which is dear in k6.
  for (const index of Uint16Array.from(histogram.counts.keys()).sort()) {
    buckets.push(index, histogram.counts.get(index) as number);
  }
  return {
    buckets,
    ...(histogram.negative > 0 ? { negative: histogram.negative } : {}),
    minUs: histogram.minUs,
    maxUs: histogram.maxUs,
  };
}
