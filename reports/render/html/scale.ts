/** Where a value lies between the bottom (0) and the top (1) of a chart, and which values are worth a line. */
export interface Scale {
  readonly kind: "linear" | "log";
  readonly ticks: readonly number[];
  /** 0 to 1; values outside are held at the edge. */
  at(value: number): number;
}

/** What a chart's values are: the axis follows from it and from how far they spread. */
export type Spread =
  /** Always from zero, linear. */
  | "linear"
  /** Durations: a log axis once the largest is more than 30 times the smallest, which would be pressed flat. */
  | "durations"
  /** Small counts that may run away: a log axis that still has a zero. */
  | "counts";

const PRESSED_FLAT = 30;
/** Room above the highest tick, so that a full bar does not touch what stands over the chart. */
const HEADROOM = 1.06;

export function scaleFor(values: readonly number[], spread: Spread): Scale {
  const max = values.reduce((most, value) => Math.max(most, value), 0);
  const least = values.reduce(
    (min, value) => (value > 0 ? Math.min(min, value) : min),
    Number.POSITIVE_INFINITY,
  );
  if (spread === "durations" && max / least > PRESSED_FLAT) return logScale(least, max);
  if (spread === "counts" && max > PRESSED_FLAT) return countScale(max);
  return linearScale(max);
}

/** From zero to the first round number at or above `max`. */
export function linearScale(max: number): Scale {
  const step = roundStep(Math.max(max, 1e-9) / 4);
  const top = Math.max(step, Math.ceil(max / step - 1e-9) * step);
  const ticks: number[] = [];
  for (let i = 0; i * step <= top * (1 + 1e-9); i++) ticks.push(Number((i * step).toPrecision(12)));
  return { kind: "linear", ticks, at: (value) => clamp(value / (top * HEADROOM)) };
}

/** Whole decades around `min` to `max`. */
function logScale(min: number, max: number): Scale {
  const low = Math.floor(Math.log10(Math.max(min, 1e-3)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(max, 1e-3)) - 1e-9));
  const ticks = Array.from({ length: high - low + 1 }, (_, at) => Number((10 ** (low + at)).toPrecision(12)));
  return {
    kind: "log",
    ticks,
    at: (value) => (value <= 0 ? 0 : clamp((Math.log10(value) - low) / ((high - low) * HEADROOM))),
  };
}

/** 0, 1, 10, 100 …: log of one more, so that nothing at all is still at the bottom. */
function countScale(max: number): Scale {
  const high = Math.ceil(Math.log10(max + 1) - 1e-9);
  const ticks = [0, ...Array.from({ length: high + 1 }, (_, at) => 10 ** at)];
  const top = Math.log10(1 + 10 ** high) * HEADROOM;
  return { kind: "log", ticks, at: (value) => clamp(Math.log10(1 + Math.max(0, value)) / top) };
}

/** The smallest of 1, 2, 5 times a power of ten that is not below `value`. */
export function roundStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= value * (1 - 1e-9)) ?? 10;
  return Number((factor * power).toPrecision(12));
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
