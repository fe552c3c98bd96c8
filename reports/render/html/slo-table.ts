import type { Judgement, Report } from "../../report.ts";
import type { Phase } from "../../windows.ts";
import { showNumber } from "../numbers.ts";
import { checksWorstFirst } from "../order.ts";
import { reasonOf, sharedReasons } from "../reasons.ts";
import { type Content, type Markup, markup, words } from "./markup.ts";

/** The first thing to read: check by phase, worst check first, with the reason under every check that is not met. */
export function sloTable(report: Report): Markup {
  const phases = judgedPhases(report);
  const shared = sharedReasons(report);
  return markup`<table class="slo" role="table">
<caption>Each check, in each phase: measured, its limit, and from how many samples. Worst first.</caption>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">check</th>${phases.map(
    (phase) =>
      markup`<th role="columnheader" scope="col">${words(phase.name)}${phase.times !== undefined && markup`<small>${phase.times}</small>`}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">
${checksWorstFirst(report).map((check) => rowsOf(check, report, phases, shared))}${[...shared].map(
  ([phase, why]) =>
    reason(phases.length, markup`<b>${mark("unknown")} ${phase}</b>: every check there is unknown. ${why}`),
)}</tbody></table>`;
}

/** A check's own row, and under it why it is not met where it is not. */
function rowsOf(
  check: string,
  report: Report,
  phases: readonly { readonly name: string }[],
  shared: ReadonlyMap<string, string>,
): Markup {
  const own = report.judgements.filter((judgement) => judgement.check === check);
  const cells = phases.map(({ name }) => {
    const judgement = own.find(({ phase }) => phase === name);
    return cell(judgement, name);
  });
  const told = own.filter((judgement) => {
    const why = reasonOf(report, judgement);
    return why !== "" && shared.get(judgement.phase) !== why;
  });
  const reasons = [...Map.groupBy(told, (judgement) => reasonOf(report, judgement))].map(([why, same]) =>
    reason(
      phases.length,
      markup`<b>${mark(same[0]?.verdict.status ?? "")} ${same.map(({ phase }) => phase).join(", ")}</b>: ${why}`,
    ),
  );
  return markup`<tr role="row" class="check"><th role="rowheader" scope="row">${check}<small>${own[0]?.unit}</small></th>${cells}</tr>
${reasons}`;
}

/** Phases in time order, then whatever else was judged (such as a run without any phase). */
function judgedPhases(report: Report): readonly { readonly name: string; readonly times?: string }[] {
  const judged = new Set(report.judgements.map(({ phase }) => phase));
  const known = report.phases.filter(({ name }) => judged.has(name));
  const others = [...judged].filter((name) => known.every((phase) => phase.name !== name));
  return [
    ...known.map((phase) => ({ name: phase.name, times: timesOf(phase) })),
    ...others.map((name) => ({ name })),
  ];
}

function timesOf(phase: Phase): string {
  return `${showNumber(phase.fromMs / 1_000)}–${showNumber(phase.toMs / 1_000)} s`;
}

function cell(judgement: Judgement | undefined, phase: string): Markup {
  if (judgement === undefined) return markup`<td role="cell" class="none" data-phase="${phase}">–</td>`;
  const { verdict, limit } = judgement;
  const measured: Content = verdict.measured === undefined ? "unknown" : showNumber(verdict.measured);
  return markup`<td role="cell" class="${verdict.status}" data-phase="${phase}">${mark(verdict.status)} <b>${measured}</b> <small>≤ ${showNumber(limit)} · n ${showNumber(verdict.samples)}</small></td>`;
}

function reason(phases: number, content: Content): Markup {
  return markup`<tr role="row" class="why"><td role="cell" colspan="${phases + 1}">${content}</td></tr>\n`;
}

/** Status is told by a sign, a word for those who hear it, and colour last. */
export function mark(status: string): Markup {
  const sign = status === "met" ? "✓" : status === "breached" ? "✗" : "?";
  return markup`<span class="mark ${status}" aria-hidden="true">${sign}</span><span class="heard">${status}</span>`;
}

function _whyOf(verdict: Judgement["verdict"]): string {
  return verdict.status === "met" ? "" : verdict.why;
}
