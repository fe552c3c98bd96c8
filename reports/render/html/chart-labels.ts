import { showAt, showNumber } from "../numbers.ts";
import { clip } from "../plain.ts";
import type { Chart } from "./chart.ts";
import { type Markup, markup } from "./markup.ts";
import { roundStep, type Scale } from "./scale.ts";
import { leftOf, type Stage } from "./stage.ts";

/** About what a plot and a small letter measure on a wide page; a narrow one shows the faults' numbers only. */
const PLOT_PX = 780;
const LETTER_PX = 6.2;

/** Over the plot: the phases by name, and where a fault begins its number and name instead. */
export function phaseStrip(stage: Stage): Markup {
  const marks = [
    ...stage.phases.map((phase) => ({
      atMs: phase.fromMs,
      title: phase.name,
      // A fault's own label says more, and a little later.
      content: phase.kind === "fault" ? "" : phase.kind,
      tone: "",
      wantsPx: phase.kind === "fault" ? 0 : phase.kind.length * LETTER_PX + 8,
    })),
    ...stage.faults.flatMap(({ band, number, name }) =>
      band === undefined
        ? []
        : [
            {
              atMs: band.fromMs,
              title: name,
              content: markup`<b>${number}</b><i> ${clip(name, 40)}</i>`,
              tone: "fault",
              wantsPx: Math.min(40, name.length) * LETTER_PX + 26,
            },
          ],
    ),
  ].sort((a, b) => a.atMs - b.atMs);
  const lefts = marks.map(({ atMs }) => leftOf(stage.axis, atMs));
  const roomPx = (at: number) => (((lefts[at + 1] ?? 100) - (lefts[at] ?? 0)) / 100) * PLOT_PX;
  let shiftPx = 0;
  return markup`<div class="phases">${marks.map(({ title, content, tone, wantsPx }, at) => {
    const width = Math.round(((lefts[at + 1] ?? 100) - (lefts[at] ?? 0)) * 100) / 100;
    const shift = shiftPx;
    // A fault's name may run into the phase after it, whose own name then moves along.
    shiftPx = Math.max(0, Math.ceil(wantsPx - roomPx(at)));
    if (tone === "" || shiftPx + (marks[at + 1]?.wantsPx ?? 0) > roomPx(at + 1)) shiftPx = 0;
    return markup`<span class="${tone}" style="left:${lefts[at]}%;width:calc(${width}% + ${shiftPx}px)${shift > 0 && `;--shift:${shift}px`}" title="${title}">${content}</span>`;
  })}</div>`;
}

export function tickLabels(scale: Scale): Markup {
  return markup`${scale.ticks.map((tick) => markup`<span style="bottom:${Math.round(scale.at(tick) * 1_000) / 10}%">${showNumber(tick)}</span>`)}`;
}

export function rowNames(spec: Chart): Markup {
  return markup`${spec.lines.map((line) => markup`<em>${line.name}</em>`)}`;
}

export function rowEnds(spec: Chart): Markup {
  return markup`${spec.lines.map((line) => {
    const values = line.values.filter((value) => value !== null);
    const mean =
      values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
    return markup`<em>${mean === undefined ? "–" : `${short(mean)} · ${short(Math.max(...values))}`}</em>`;
  })}`;
}

/** Hundredths where they matter. */
function short(value: number): string {
  return value.toFixed(value < 10 ? 2 : 0);
}

/** Names at the lines' ends, moved apart until each has its own line of text; the limit's among them. */
export function endLabels(spec: Chart, scale: Scale, heightPx: number, stage: Stage): Markup {
  const TEXT_PX = 13;
  const labels: { name: string; tone: string; px: number }[] = [];
  if (spec.draw === "lines") {
    spec.lines.forEach((line, at) => {
      const last = line.values.findLast((value) => value !== null);
      if (last != null)
        labels.push({ name: line.name, tone: spec.tones[at] ?? "", px: (1 - scale.at(last)) * heightPx });
    });
  }
  const limit = spec.limits?.findLast(({ fromMs }) => fromMs <= stage.axis.toMs);
  if (limit !== undefined)
    labels.push({ name: "limit", tone: "is-limit", px: (1 - scale.at(limit.value)) * heightPx });
  labels.sort((a, b) => a.px - b.px);
  let floor = TEXT_PX / 2;
  for (const label of labels) {
    label.px = Math.max(label.px, floor);
    floor = label.px + TEXT_PX;
  }
  let ceiling = heightPx - TEXT_PX / 2;
  for (const label of labels.toReversed()) {
    label.px = Math.min(label.px, ceiling);
    ceiling = label.px - TEXT_PX;
  }
  return markup`${labels.map(({ name, tone, px }) => markup`<span class="${tone}" style="top:${Math.round(px)}px">${name}</span>`)}`;
}

export function legend(spec: Chart): Markup {
  return markup`<span class="legend">${spec.lines.flatMap((line, at) =>
    line.values.some((value) => (value ?? 0) > 0)
      ? [markup`<span class="${spec.tones[at] ?? ""}">${line.name}</span>`]
      : [],
  )}</span>`;
}

/** Times below the plot: five to nine of them, on round seconds. */
export function timeAxis(stage: Stage): Markup {
  const stepMs = Math.max(1_000, timeStep(stage.axis.toMs / 1_000 / 6) * 1_000);
  const times: number[] = [];
  for (let atMs = 0; atMs <= stage.axis.toMs; atMs += stepMs) times.push(atMs);
  return markup`<div class="x">${times.map((atMs) => markup`<span style="left:${leftOf(stage.axis, atMs)}%">${atMs / 1_000}${atMs === 0 && " s"}</span>`)}</div>`;
}

function timeStep(seconds: number): number {
  return [1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find((step) => step >= seconds) ?? roundStep(seconds);
}

/** What a reader who cannot see the chart should know of it. */
export function describe(spec: Chart, stage: Stage): string {
  const parts = spec.lines.flatMap((line) => {
    let top: { value: number; bin: number } | undefined;
    line.values.forEach((value, bin) => {
      if (value !== null && (top === undefined || value > top.value)) top = { value, bin };
    });
    return top === undefined
      ? []
      : [`${line.name} at most ${showNumber(top.value)} at ${showAt(top.bin * stage.axis.binMs)}`];
  });
  return `${spec.title}, ${spec.unit}: ${parts.length === 0 ? "nothing was measured" : parts.join("; ")}`;
}
