import type { Intervals } from "./run-record.ts";

/** Whole numbers as sorted disjoint runs, flat and inclusive: `[from, to, from, to, …]`. */

/** Any runs, overlapping and in any order, as sorted disjoint ones; runs that touch become one. */
export function normalise(runs: readonly (readonly [number, number])[]): Intervals {
  const sorted = runs.filter(([from, to]) => from <= to).sort((a, b) => a[0] - b[0]);
  const flat: number[] = [];
  for (const [from, to] of sorted) {
    const end = flat.at(-1);
    if (end !== undefined && from <= end + 1) flat[flat.length - 1] = Math.max(end, to);
    else flat.push(from, to);
  }
  return flat;
}

/**
 * Adds a run to sorted disjoint ones, in place. True when it began apart from what was there: with a hole before it,
 * or as the first. Nearly always it comes after the last one.
 */
export function addRun(intervals: number[], from: number, to: number): boolean {
  const last = intervals.length - 1;
  const end = intervals[last];
  if (end === undefined || from > end + 1) {
    intervals.push(from, to);
    return true;
  }
  if (from >= (intervals[last - 1] as number)) {
    intervals[last] = Math.max(end, to);
    return false;
  }
  // All runs that it overlaps or touches become one with it.
  let first = 0;
  while ((intervals[first + 1] as number) + 1 < from) first += 2;
  let behind = first;
  while (behind <= last && (intervals[behind] as number) <= to + 1) behind += 2;
  const isApart = from < (intervals[first] as number);
  const lowest = isApart ? from : (intervals[first] as number);
  const highest = behind === first ? to : Math.max(to, intervals[behind - 1] as number);
  intervals.splice(first, behind - first, lowest, highest);
  return isApart;
}

/** What is missing between the first and the last, as runs. */
export function gapsOf(intervals: Intervals): [number, number][] {
  const gaps: [number, number][] = [];
  for (let i = 2; i < intervals.length; i += 2) {
    gaps.push([(intervals[i - 1] as number) + 1, (intervals[i] as number) - 1]);
  }
  return gaps;
}

/** What is in both. */
export function intersection(one: Intervals, other: Intervals): Intervals {
  const both: number[] = [];
  let i = 0;
  let j = 0;
  while (i + 1 < one.length && j + 1 < other.length) {
    const from = Math.max(one[i] as number, other[j] as number);
    const to = Math.min(one[i + 1] as number, other[j + 1] as number);
    if (from <= to) both.push(from, to);
    if ((one[i + 1] as number) < (other[j + 1] as number)) i += 2;
    else j += 2;
  }
  return both;
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
