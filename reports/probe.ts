import {
  emptyHistogram,
  type Histogram,
  type HistogramData,
  merge,
  percentile,
} from "../scenarios/model/histogram.ts";
import { ms, plural, show } from "./measure.ts";
import type { RunRecord } from "./record/run-record.ts";

/**
 * The second witness of delivery latency: a small process with a few subscriptions of its own, beside k6. k6 stamps an
 * arrival when its reader gets to it, which on a full machine is later than it came: measured on two cores, its p99 of a
 * burst of thousands reads up to 2 times too high. So k6's own figure is an upper bound, and the probe's is the verdict
 * where the two could disagree about it.
 */
export const K6_READS_HIGH = 2;
/** As for k6's own: 10 samples above the 99th percentile (I81). */
export const ENOUGH_PROBE_SAMPLES = 1_000;

/** Whether it ever listened at every address: what it never heard of, it cannot acquit. It comes back by itself. */
export function isEverywhere({ samples: { probe = [] } }: RunRecord): boolean {
  return probe.some(({ everywhere }) => everywhere);
}

/** Both figures for the same stretch. */
export interface ProbeFigures {
  readonly k6P99Ms: number;
  readonly k6Samples: number;
  readonly probeP99Ms: number;
  readonly probeSamples: number;
  /** k6 less the probe. */
  readonly differenceMs: number;
}

/** What the probe saw in the whole seconds of [fromMs, toMs), by intended time. */
export function probeHistogram(record: RunRecord, fromMs: number, toMs: number): Histogram {
  const merged = emptyHistogram();
  for (const { delivery } of record.samples.probe ?? []) {
    for (const { second, data } of delivery) {
      if (isIn(second, fromMs, toMs)) merge(merged, data);
    }
  }
  return merged;
}

/** Undefined where no probe ran or one of the two saw nothing. */
export function probeFigures(record: RunRecord, fromMs: number, toMs: number): ProbeFigures | undefined {
  const probe = probeHistogram(record, fromMs, toMs);
  const k6 = emptyHistogram();
  for (const { name, engine } of record.plan.roles) {
    if (engine !== "k6") continue;
    const seconds: ReadonlyMap<number, HistogramData> =
      record.ledger.histograms.get("delivery")?.get(name) ?? new Map();
    for (const [second, data] of seconds) if (isIn(second, fromMs, toMs)) merge(k6, data);
  }
  const [probeUs, k6Us] = [percentile(probe, 0.99), percentile(k6, 0.99)];
  if (probeUs === undefined || k6Us === undefined) return undefined;
  return {
    k6P99Ms: ms(k6Us),
    k6Samples: k6.total,
    probeP99Ms: ms(probeUs),
    probeSamples: probe.total,
    differenceMs: ms(k6Us - probeUs),
  };
}

export function tellProbe(figures: ProbeFigures): string {
  const { k6P99Ms, probeP99Ms, probeSamples } = figures;
  return `k6 says p99 ${show(k6P99Ms)} ms, the probe ${show(probeP99Ms)} ms (${plural(probeSamples, "sample")})`;
}

function isIn(second: number, fromMs: number, toMs: number): boolean {
  return second >= Math.ceil(fromMs / 1_000) && second * 1_000 < toMs;
}
