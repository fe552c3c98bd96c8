import type { Line } from "../facts/axis.ts";
import { showNumber } from "../numbers.ts";
import type { Chart } from "./chart.ts";
import { type Content, type Markup, markup } from "./markup.ts";
import type { Scale } from "./scale.ts";
import { leftOf, type Stage } from "./stage.ts";

/**
 * The plot's own coordinates: bins × BIN wide, HIGH high, stretched to the space there is. Text is HTML around
 * it, at its own size, so the same chart reads at 390 px and at 1,200 px.
 */
export const BIN = 10;
export const HIGH = 1_000;

/** Bands of the faults, boundaries of the phases, lines of the ticks. */
export function backdrop(stage: Stage, scale: Scale, draw: Chart["draw"]): Markup {
  const x = (atMs: number) => Math.round((leftOf(stage.axis, atMs) / 100) * stage.axis.bins * BIN * 10) / 10;
  const wide = stage.axis.bins * BIN;
  const bands = stage.faults.flatMap(({ band }) =>
    band === undefined
      ? []
      : [
          markup`<rect class="band" x="${x(band.fromMs)}" width="${Math.max(1, Math.round((x(band.toMs) - x(band.fromMs)) * 10) / 10)}" height="${HIGH}"/>`,
        ],
  );
  const edges = stage.phases.map(({ fromMs }) => `M${x(fromMs)} 0V${HIGH}`).join("");
  const grid = draw === "rows" ? "" : scale.ticks.map((tick) => `M0 ${y(scale, tick)}H${wide}`).join("");
  return markup`${bands}<path class="grid" d="${grid}"/><path class="edge" d="${edges}"/>`;
}

export function lines(spec: Chart, scale: Scale): Markup {
  return markup`${spec.lines.map((line, at) => markup`<path class="line ${spec.tones[at] ?? ""}" d="${path(line, scale)}"/>`)}`;
}

/** Broken where there is no value; a value between two holes is a dot. */
function path(line: Line, scale: Scale): string {
  let d = "";
  line.values.forEach((value, bin) => {
    if (value === null) return;
    const point = `${bin * BIN + BIN / 2} ${y(scale, value)}`;
    const before = line.values[bin - 1] ?? null;
    const after = line.values[bin + 1] ?? null;
    d += before === null ? `M${point}${after === null ? "h0" : ""}` : `L${point}`;
  });
  return d;
}

export function stack(spec: Chart, scale: Scale): Markup {
  const base = (spec.lines[0]?.values ?? []).map(() => 0);
  return markup`${spec.lines.map((line, at) => {
    let d = "";
    line.values.forEach((value, bin) => {
      if (value === null || value === 0) return;
      const from = base[bin] as number;
      base[bin] = from + value;
      d += `M${bin * BIN + 1} ${y(scale, from)}V${y(scale, from + value)}h${BIN - 2}V${y(scale, from)}z`;
    });
    return d !== "" && markup`<path class="fill ${spec.tones[at] ?? ""}" d="${d}"/>`;
  })}`;
}

/** One row for each line, the darker the more; 100 % is the highest value of all rows. */
const LEVELS = 6;
export function rows(spec: Chart): Markup {
  const max = Math.max(1e-9, ...spec.lines.flatMap((line) => line.values.map((value) => value ?? 0)));
  const high = HIGH / spec.lines.length;
  const paths = Array.from({ length: LEVELS }, () => "");
  spec.lines.forEach((line, row) => {
    line.values.forEach((value, bin) => {
      const level = Math.ceil(((value ?? 0) / max) * LEVELS - 0.25) - 1;
      if (level < 0) return;
      const from = Math.round(row * high + 40 / spec.lines.length);
      paths[Math.min(level, LEVELS - 1)] +=
        `M${bin * BIN} ${from}h${BIN}v${Math.round(high - 80 / spec.lines.length)}h-${BIN}z`;
    });
  });
  return markup`${paths.map((d, level) => d !== "" && markup`<path class="level" fill-opacity="${Math.round(((level + 1) / LEVELS) * 100) / 100}" d="${d}"/>`)}`;
}

export function limitLine(spec: Chart, scale: Scale, stage: Stage): Content {
  if (spec.limits === undefined || spec.limits.length === 0) return "";
  const x = (atMs: number) => Math.round((leftOf(stage.axis, atMs) / 100) * stage.axis.bins * BIN);
  const d = spec.limits
    .map(({ fromMs, toMs, value }) => `M${x(fromMs)} ${y(scale, value)}H${x(toMs)}`)
    .join("");
  return markup`<path class="limit" d="${d}"/>`;
}

/** Invisible columns that carry the values of their time: a tooltip without a script, the cursor's text with one. */
export function hits(spec: Chart, stage: Stage): Markup {
  const { axis } = stage;
  const columns = Array.from({ length: axis.bins }, (_, bin) => {
    const values = spec.lines.flatMap((line) => {
      const value = line.values[bin] ?? null;
      return value === null || (spec.draw !== "lines" && value === 0)
        ? []
        : [`${line.name} ${showNumber(value)}`];
    });
    const said = values.length === 0 ? "–" : values.join(" · ");
    return markup`<rect x="${bin * BIN}" width="${BIN}" height="${HIGH}"><title>${showSecond(bin * axis.binMs)} ${said}</title></rect>`;
  });
  return markup`<path class="cursor" d=""/><g class="hits">${columns}</g>`;
}

function showSecond(atMs: number): string {
  return `${atMs / 1_000} s:`;
}

function y(scale: Scale, value: number): number {
  return Math.round((1 - scale.at(value)) * HIGH);
}
