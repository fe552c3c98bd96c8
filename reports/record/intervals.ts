import type { Intervals } from "./run-record.ts";

/** Whole numbers as sorted disjoint runs, flat and inclusive: `[from, to, from, to, …]`. */

/** Any runs, overlapping and in any order, as sorted disjoint ones; runs that touch become one. */
export function normalise(runs: readonly (readonly [number, number])[]): Intervals {
  const sorted = runs.filter(([from, to]) => from <= to).sort((a, b) => a[0] - b[0]);
  const flat: number[] = [];
  for (const [from, to] of sorted) {
    const last = flat.length - 1;
    if (last > 0 && from <= (flat[last] as number) + 1) flat[last] = Math.max(flat[last] as number, to);
    else flat.push(from, to);
  }
  return flat;
}

export function contains(intervals: Intervals, value: number): boolean {
  let low = 0;
  let high = intervals.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (value < (intervals[2 * middle] as number)) high = middle - 1;
    else if (value > (intervals[2 * middle + 1] as number)) low = middle + 1;
    else return true;
  }
  return false;
}

export function size(intervals: Intervals): number {
  let sum = 0;
  for (let i = 0; i + 1 < intervals.length; i += 2) {
    sum += (intervals[i + 1] as number) - (intervals[i] as number) + 1;
  }
  return sum;
}

export function union(all: Iterable<Intervals>): Intervals {
  const runs: [number, number][] = [];
  for (const intervals of all) {
    for (let i = 0; i + 1 < intervals.length; i += 2) {
      runs.push([intervals[i] as number, intervals[i + 1] as number]);
    }
  }
  return normalise(runs);
}

export function* values(intervals: Intervals): Generator<number> {
  for (let i = 0; i + 1 < intervals.length; i += 2) {
    for (let value = intervals[i] as number; value <= (intervals[i + 1] as number); value++) yield value;
  }
}
