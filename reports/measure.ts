import { emptyHistogram, type Histogram, merge } from "../scenarios/model/histogram.ts";
import type { CountName, HistogramName } from "../scenarios/model/metrics.ts";
import type { RunRecord } from "./record/run-record.ts";

/** Reading measurements of a stretch of the run out of its record. Times are ms after the run's start. */

/**
 * All roles of one metric in the whole seconds of [fromMs, toMs), by intended time, without those of `except`. Exact:
 * histograms add up.
 */
export function histogramOf(
  record: RunRecord,
  metric: HistogramName,
  fromMs: number,
  toMs: number,
  except?: ReadonlySet<number>,
): Histogram {
  const merged = emptyHistogram();
  for (const seconds of record.ledger.histograms.get(metric)?.values() ?? []) {
    for (const second of wholeSeconds(seconds, fromMs, toMs)) {
      const data = seconds.get(second);
      if (data && !except?.has(second)) merge(merged, data);
    }
  }
  return merged;
}

/**
 * The same for each destination of which all is known (the first 16 of each engine part; none where a part had more
 * and this was not among them). All roles.
 */
export function histogramsByDestination(
  record: RunRecord,
  metric: HistogramName,
  fromMs: number,
  toMs: number,
): ReadonlyMap<string, Histogram> {
  const found = new Map<string, Histogram>();
  for (const [destination, seconds] of record.ledger.byDestination.get(metric) ?? []) {
    const merged = emptyHistogram();
    for (const second of wholeSeconds(seconds, fromMs, toMs)) {
      const data = seconds.get(second);
      if (data) merge(merged, data);
    }
    if (merged.total > 0) found.set(destination, merged);
  }
  return found;
}

/** Counted up where the stretch is short, so that looking at every single second of a long run stays linear. */
function* wholeSeconds(known: ReadonlyMap<number, unknown>, fromMs: number, toMs: number): Generator<number> {
  const first = Math.ceil(fromMs / 1_000);
  if ((toMs - fromMs) / 1_000 < known.size) {
    for (let second = first; second * 1_000 < toMs; second++) yield second;
    return;
  }
  for (const second of known.keys()) if (second >= first && second * 1_000 < toMs) yield second;
}

/** A counter over [fromMs, toMs). A flush counts where the middle of its own second lies. */
export function countOf(record: RunRecord, name: CountName, fromMs: number, toMs: number): number {
  let sum = 0;
  for (const { atMs, sinceMs, values } of record.ledger.counts) {
    const middle = (atMs + sinceMs) / 2;
    if (middle >= fromMs && middle < toMs) sum += values[name] ?? 0;
  }
  return sum;
}

/** µs as ms with at most three decimals. */
export function ms(valueUs: number): number {
  return Math.round(valueUs) / 1_000;
}

/** `12,345.6`: the same on every machine, unlike toLocaleString. At most one decimal. */
export function show(value: number): string {
  const [whole = "0", decimals] = String(Math.round(value * 10) / 10).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals ? `${grouped}.${decimals}` : grouped;
}

/** `1 close`, `2 closes`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${show(count)} ${count === 1 ? one : many}`;
}
