import type { RunRecord } from "../../record/run-record.ts";
import { rounded } from "../numbers.ts";

/** The time axis that all series of a report share: from the run's start, in bins of whole seconds. */
export interface Axis {
  readonly binMs: number;
  readonly bins: number;
  /** bins × binMs */
  readonly toMs: number;
}

const BIN_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600];

/** At most `maxBins` bins, so that a long run gives a report of the same size as a short one. */
export function axisOf(record: RunRecord, maxBins: number): Axis {
  const seconds = Math.max(1, Math.ceil(record.durationMs / 1_000));
  const binSeconds =
    BIN_SECONDS.find((size) => seconds / size <= maxBins) ?? Math.ceil(seconds / maxBins / 3_600) * 3_600;
  const bins = Math.ceil(seconds / binSeconds);
  return { binMs: binSeconds * 1_000, bins, toMs: bins * binSeconds * 1_000 };
}

/** Undefined before the start and after the end. */
export function binOf(axis: Axis, atMs: number): number | undefined {
  const bin = Math.floor(atMs / axis.binMs);
  return bin >= 0 && bin < axis.bins ? bin : undefined;
}

export function zeros(axis: Axis): number[] {
  return new Array<number>(axis.bins).fill(0);
}

/** One value for each bin of the axis; null where nothing was measured, which is not zero. */
export interface Line {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** The last value in each bin. */
export function lastValues<T extends { readonly atMs: number }>(
  axis: Axis,
  rows: readonly T[],
  value: (row: T) => number | undefined,
): (number | null)[] {
  const values = new Array<number | null>(axis.bins).fill(null);
  for (const row of rows) {
    const bin = binOf(axis, row.atMs);
    if (bin !== undefined) values[bin] = value(row) ?? null;
  }
  return values;
}

export function maxValues(axis: Axis, points: readonly (readonly [number, number])[]): (number | null)[] {
  const values = new Array<number | null>(axis.bins).fill(null);
  for (const [atMs, value] of points) {
    const bin = binOf(axis, atMs);
    if (bin !== undefined) values[bin] = rounded(Math.max(values[bin] ?? 0, value));
  }
  return values;
}

export function add(values: number[], bin: number | undefined): void {
  if (bin !== undefined) values[bin] = (values[bin] as number) + 1;
}

export function perSecond(values: readonly number[], axis: Axis): number[] {
  return values.map((value) => rounded(value / (axis.binMs / 1_000)));
}
