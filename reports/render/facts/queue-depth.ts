import type { ServerSample } from "../../record/samples.ts";

/** One scrape's distribution of a Prometheus histogram: upper bound to cumulative count, bounds ascending. */
export type Buckets = readonly (readonly [le: number, cumulative: number])[];

/** Buckets of `name` in a scrape, other labels summed; empty where the series is absent. */
export function bucketsOf(sample: ServerSample, name: string): Buckets {
  const sums = new Map<number, number>();
  for (const [series, value] of Object.entries(sample.series)) {
    if (!series.startsWith(`${name}_bucket{`)) continue;
    const text = /[{,]le="([^"]+)"/.exec(series)?.[1];
    if (text === undefined) continue;
    const le = text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text);
    sums.set(le, (sums.get(le) ?? 0) + value);
  }
  return [...sums].sort(([a], [b]) => a - b);
}

/** What was added since `before`. A counter that went down means a restart: then everything in it is new. */
export function bucketsSince(before: Buckets | undefined, now: Buckets): Buckets {
  const total = now.at(-1)?.[1] ?? 0;
  if (before === undefined || total < (before.at(-1)?.[1] ?? 0)) return now;
  const old = new Map(before);
  return now.map(([le, count]) => [le, count - (old.get(le) ?? 0)]);
}

/** The upper bound of the bucket that holds the percentile; undefined on no observation. Infinity is possible. */
export function bucketPercentile(buckets: Buckets, q: number): number | undefined {
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total <= 0) return undefined;
  return buckets.find(([, cumulative]) => cumulative >= q * total)?.[0];
}

/** Adds two distributions over the same bounds. */
export function addBuckets(a: Buckets | undefined, b: Buckets): Buckets {
  if (a === undefined || a.length === 0) return b;
  const other = new Map(b);
  return a.map(([le, count]) => [le, count + (other.get(le) ?? 0)]);
}
