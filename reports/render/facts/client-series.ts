import { emptyHistogram, type Histogram, merge, percentile } from "../../../scenarios/model/histogram.ts";
import type { CountName, GaugeName, HistogramName } from "../../../scenarios/model/metrics.ts";
import type { RunRecord } from "../../record/run-record.ts";
import { rounded } from "../numbers.ts";
import { type Axis, add, binOf, type Line, lastValues, perSecond, zeros } from "./axis.ts";

export function percentileLines(
  record: RunRecord,
  axis: Axis,
  metric: HistogramName,
  qs: readonly number[],
): Line[] {
  const bins = histogramsByBin(record, axis, metric);
  return qs.map((q) => ({
    name: `p${Math.round(q * 100)}`,
    values: bins.map((bin) => {
      const us = percentile(bin, q);
      return us === undefined ? null : rounded(us / 1_000);
    }),
  }));
}

/** One histogram over all roles for each bin. */
function histogramsByBin(record: RunRecord, axis: Axis, metric: HistogramName): readonly Histogram[] {
  const bins = Array.from({ length: axis.bins }, emptyHistogram);
  for (const seconds of record.ledger.histograms.get(metric)?.values() ?? []) {
    for (const [second, data] of seconds) {
      const bin = binOf(axis, second * 1_000);
      if (bin !== undefined) merge(bins[bin] as Histogram, data);
    }
  }
  return bins;
}

/** A flush covers the time since the one before; its counts are spread over the bins that it overlaps. */
export function countRate(record: RunRecord, axis: Axis, name: CountName): (number | null)[] {
  const sums = zeros(axis);
  const covered = zeros(axis);
  for (const row of record.ledger.counts) {
    const spanMs = row.atMs - row.sinceMs;
    if (spanMs <= 0) continue;
    const count = row.values[name] ?? 0;
    for (let bin = Math.max(0, Math.floor(row.sinceMs / axis.binMs)); bin < axis.bins; bin++) {
      const overlapMs = Math.min(row.atMs, (bin + 1) * axis.binMs) - Math.max(row.sinceMs, bin * axis.binMs);
      if (overlapMs <= 0) break;
      sums[bin] = (sums[bin] as number) + (count * overlapMs) / spanMs;
      covered[bin] = (covered[bin] as number) + overlapMs;
    }
  }
  return sums.map((sum, bin) => (covered[bin] === 0 ? null : rounded(sum / (axis.binMs / 1_000))));
}

export function sendLines(record: RunRecord, axis: Axis): Line[] {
  const by = { confirmed: zeros(axis), unknown: zeros(axis), rejected: zeros(axis) };
  for (const sends of record.ledger.sends.values()) {
    for (const send of sends) add(by[send.outcome], binOf(axis, send.intendedMs));
  }
  const lines: Line[] = Object.entries(by).map(([name, values]) => ({
    name,
    values: told(record, axis, perSecond(values, axis)),
  }));
  const offline = countRate(record, axis, "missedOffline");
  return offline.some((value) => (value ?? 0) > 0)
    ? [...lines, { name: "missed, offline", values: offline }]
    : lines;
}

export function reconnectLines(record: RunRecord, axis: Axis): Line[] {
  const outcome = new Map<string, "connected" | "failed">();
  for (const event of record.ledger.connections) {
    if (event.what === "connected" || event.what === "failed")
      outcome.set(`${event.client}/${event.attempt}`, event.what);
  }
  const by = { connected: zeros(axis), failed: zeros(axis), "no answer": zeros(axis) };
  for (const event of record.ledger.connections) {
    if (event.what !== "due" || event.attempt === 0) continue;
    add(by[outcome.get(`${event.client}/${event.attempt}`) ?? "no answer"], binOf(axis, event.atMs));
  }
  return Object.entries(by).map(([name, values]) => ({
    name,
    values: told(record, axis, perSecond(values, axis)),
  }));
}

/** `null` codes are shown as what they are: no close frame came. */
export function codeName(code: number | null): string {
  return code === null ? "no code" : `${code}`;
}

export function closeLines(record: RunRecord, axis: Axis): Line[] {
  const by = new Map<string, number[]>();
  for (const event of record.ledger.connections) {
    if (event.what !== "closed") continue;
    const name = codeName(event.code);
    const values = by.get(name) ?? zeros(axis);
    by.set(name, values);
    add(values, binOf(axis, event.atMs));
  }
  return [...by]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) => ({ name, values: told(record, axis, values) }));
}

export function gaugeValues(record: RunRecord, axis: Axis, name: GaugeName): (number | null)[] {
  return lastValues(axis, record.ledger.gauges, (row) => row.values[name]);
}

/** No event where the clients had stopped reporting is not "none happened". */
function told(record: RunRecord, axis: Axis, values: readonly number[]): (number | null)[] {
  return values.map((value, bin) =>
    value === 0 && bin * axis.binMs >= record.ledger.untilMs ? null : value,
  );
}
