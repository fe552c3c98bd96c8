import type { RunRecord } from "../record/run-record.ts";
import type { Report } from "../report.ts";
import { causesOf, NOBODY } from "./facts/causes.ts";
import { faultStories, tellFault } from "./facts/faults.ts";
import { reproductionOf, tellTarget } from "./facts/reproduction.ts";
import { headlineOf } from "./headline.ts";
import { showMeasured, showNumber, showSpan } from "./numbers.ts";
import { clip, plain } from "./plain.ts";
import { namesOf, notMet } from "./reasons.ts";

/** A comment on a change is read on a phone: more rows than this belong into the report. */
const ROWS_MAX = 12;

/** report.md: short, for a comment in CI. Text from outside is put into code spans, where nothing is a link. */
export function markdown(report: Report, record: RunRecord): string {
  const { plan } = report;
  const headline = headlineOf(report, record);
  const groups = notMet(report);
  const met = report.judgements.filter(({ verdict }) => verdict.status === "met").length;
  const out = [
    `### Seaworthy: ${headline.word}`,
    "",
    `${inert(headline.summary)}. ${inert(plan.scenario.name)}, ${showNumber(plan.clients)} clients, seed ${plan.seed}, ${showSpan(record.durationMs)}, ${inert(tellTarget(plan.target))}.`,
    "",
  ];
  if (headline.cut !== undefined) out.push(`**${inert(headline.cut)}**`, "");
  if (groups.length > 0) {
    out.push("| | check | phase | measured | limit | why |", "|---|---|---|--:|--:|---|");
    for (const group of groups.slice(0, ROWS_MAX)) {
      const { limit, unit, verdict } = group.worst;
      const alone = group.checks.length === 1 && group.phases.length === 1;
      const cells = [
        group.status,
        inert(namesOf(group)),
        inert(group.phases.join(", ")),
        alone && verdict.measured !== undefined ? inert(showMeasured(verdict.measured, unit)) : "",
        alone ? inert(showMeasured(limit, unit)) : "",
        code(clip(group.why, 160)),
      ];
      out.push(`| ${cells.join(" | ")} |`);
    }
    if (groups.length > ROWS_MAX) out.push("", `… and ${groups.length - ROWS_MAX} more.`);
    out.push("");
    if (headline.example !== undefined) out.push(`For example: ${code(clip(headline.example, 240))}`, "");
    out.push(`${showNumber(met)} of ${showNumber(report.judgements.length)} checks held.`, "");
  } else out.push(`${inert(headline.because)}`, "");
  out.push(...causeLines(report));
  const faults = faultStories(record).map(
    (story) => `- ${story.number} ${inert(story.name)}: ${tellFault(story)}`,
  );
  if (faults.length > 0) out.push("Faults:", "", ...faults, "");
  out.push(`Again: ${code(reproductionOf(record, {}).commands[0]?.command ?? "")}`);
  return `${out.join("\n")}\n`;
}

function causeLines(report: Report): string[] {
  const causes = causesOf(report);
  if (causes === undefined) return [];
  const [first, ...others] = causes.likely;
  if (first === undefined) return [NOBODY, ""];
  const against = first.contradicts[0];
  return [
    `Most likely: **${inert(first.mistake)}**, ${inert(first.summary)}.`,
    "",
    ...(first.supports[0] ? [`- for it: ${code(clip(first.supports[0].text, 240))}`] : []),
    ...(against ? [`- against it: ${code(clip(against.text, 240))}`] : []),
    `- remedy: ${inert(first.remedy)}`,
    ...(others.length > 0 ? [`- or: ${others.map(({ mistake }) => inert(mistake)).join(", ")}`] : []),
    "",
  ];
}

/** A code span that the text cannot end, and that does not end a table's cell. */
function code(text: string): string {
  return `\`${plain(text).replaceAll("`", "'").replaceAll("|", "\\|")}\``;
}

function inert(text: string): string {
  return plain(text).replace(/[\\`*_[\]<>|#@&~]/g, "\\$&");
}
