/** The middle of several runs with the lowest and the highest beside it: on a shared machine a mean says nothing. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

export function figureOf(values: readonly number[]): Figure {
  if (values.length === 0) throw new RangeError("no runs, no figure");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)!, runs: values.length };
}

/** Run by run, since both sides of one run met the same machine; the two must be interleaved. */
export function ratioOf(above: readonly number[], below: readonly number[]): Figure {
  return figureOf(above.slice(0, below.length).map((value, n) => value / below[n]!));
}

export function shown({ median, min, max, runs }: Figure, digits = 0): string {
  const number = (value: number) =>
    value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${number(median)} (${number(min)}–${number(max)}, ${runs} runs)`;
}

export interface Target {
  readonly figure: Figure;
  readonly what: string;
  /** From the issue: reach at least, or at most, this. */
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly digits?: number;
}

/** By the median. */
export function judged({ figure, what, atLeast, atMost, digits = 2 }: Target): string {
  const met = figure.median >= (atLeast ?? -Infinity) && figure.median <= (atMost ?? Infinity);
  const goal = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
  return `  ${met ? "met   " : "MISSED"} ${what}: ${shown(figure, digits)}, goal ${goal}`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, n) => Math.max(title.length, ...rows.map((row) => (row[n] ?? "").length)));
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, n) => (n === 0 ? cell.padEnd(widths[n]!) : cell.padStart(widths[n]!))).join("   ")}`;
  return [line(head), ...rows.map(line)].join("\n");
}
