import type { Line } from "../facts/axis.ts";
import {
  describe,
  endLabels,
  legend,
  phaseStrip,
  rowEnds,
  rowNames,
  tickLabels,
  timeAxis,
} from "./chart-labels.ts";
import { BIN, backdrop, HIGH, hits, limitLine, lines, rows, stack } from "./chart-marks.ts";
import { type Markup, markup } from "./markup.ts";
import { type Scale, type Spread, scaleFor } from "./scale.ts";
import type { Stage } from "./stage.ts";

export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly about: string;
  readonly draw: "lines" | "stack" | "rows";
  readonly lines: readonly Line[];
  /** CSS class by line; gives colour and dash. */
  readonly tones: readonly string[];
  /** Absent: linear, as stacks and rows always are. */
  readonly spread?: Spread;
  /** The limit in force, by time. */
  readonly limits?: readonly { readonly fromMs: number; readonly toMs: number; readonly value: number }[];
  readonly heightPx?: number;
}

const ROW_PX = 15;

/** A figure: caption, phases and faults over the plot, axes and names around it, and what it means under it. */
export function chart(spec: Chart, stage: Stage): Markup {
  if (spec.lines.every((line) => line.values.every((value) => value === null))) return nothing(spec);
  const heightPx = spec.draw === "rows" ? ROW_PX * Math.max(1, spec.lines.length) : (spec.heightPx ?? 120);
  const scale = scaleOf(spec);
  const wide = stage.axis.bins * BIN;
  return markup`<figure class="chart ${spec.draw}">
<figcaption><b>${spec.title}</b> <span class="unit">${spec.unit}${scale.kind === "log" && ", log scale"}</span>${
    spec.draw === "stack" && spec.lines.length > 1 && legend(spec)
  }<output></output></figcaption>
<div class="frame">
${phaseStrip(stage)}
<div class="y" style="height:${heightPx}px">${spec.draw === "rows" ? rowNames(spec) : tickLabels(scale)}</div>
<div class="plot" style="height:${heightPx}px">
<svg viewBox="0 0 ${wide} ${HIGH}" preserveAspectRatio="none" role="img" aria-label="${describe(spec, stage)}">
${backdrop(stage, scale, spec.draw)}${{ lines, stack, rows }[spec.draw](spec, scale)}${limitLine(spec, scale, stage)}${hits(spec, stage)}
</svg>
</div>
<div class="ends" style="height:${heightPx}px">${spec.draw === "rows" ? rowEnds(spec) : endLabels(spec, scale, heightPx, stage)}</div>
${timeAxis(stage)}
</div>
<p class="about">${spec.about}</p>
</figure>
`;
}

function nothing({ title, unit }: Chart): Markup {
  return markup`<figure class="chart"><figcaption><b>${title}</b> <span class="unit">${unit}: nothing was measured</span></figcaption></figure>
`;
}

function scaleOf(spec: Chart): Scale {
  const limits = (spec.limits ?? []).map(({ value }) => value);
  if (spec.draw === "stack") {
    const sums = (spec.lines[0]?.values ?? []).map((_, bin) =>
      spec.lines.reduce((sum, line) => sum + (line.values[bin] ?? 0), 0),
    );
    return scaleFor([...sums, ...limits], "linear");
  }
  const values = spec.lines.flatMap((line) => line.values.filter((value) => value !== null));
  return scaleFor([...values, ...limits], spec.spread ?? "linear");
}
