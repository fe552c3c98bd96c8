import { tellProbe } from "../probe.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { Judgement, Report } from "../report.ts";
import { causesOf, NOBODY } from "./facts/causes.ts";
import { closeTable } from "./facts/closes.ts";
import { faultStories, tellFault } from "./facts/faults.ts";
import { tellTarget } from "./facts/reproduction.ts";
import { headlineOf } from "./headline.ts";
import { showNumber, showSpan } from "./numbers.ts";
import { checksWorstFirst, excess } from "./order.ts";
import { clip, plain } from "./plain.ts";
import { namesOf, notMet } from "./reasons.ts";

export interface TextOptions {
  /** ANSI colours; every status is also a word. */
  readonly colour: boolean;
  /** Width of the terminal; held between 60 and 100. */
  readonly columns?: number | undefined;
  /** The run's folder as the reader would type it. */
  readonly dir?: string;
}

/** How many breached or unknown rows are told in full before the rest is only counted. */
const ROWS_IN_FULL = 8;

/**
 * The terminal's verdict, to be read in five seconds: the verdict, then what is not met with its reason and one
 * case each, then what held in a line for each check, then faults, closes and where the report lies.
 */
export function text(report: Report, record: RunRecord, options: TextOptions): string {
  const ink = inkOf(options.colour);
  const columns = Math.min(100, Math.max(60, options.columns ?? 100));
  const headline = headlineOf(report, record);
  const tint = ink[report.overall];
  const out: string[] = [""];
  const word = headline.word.toUpperCase();
  const verdict = wrap(headline.summary, columns, " ".repeat(word.length + 2));
  out.push(...verdict.map((line, at) => (at === 0 ? `${tint(word)}  ${line.trimStart()}` : line)));
  const { plan } = report;
  out.push(
    ...wrap(
      `${plain(plan.scenario.name)}, ${showNumber(plan.clients)} clients, seed ${plan.seed}, ${showSpan(record.durationMs)}, ${tellTarget(plan.target)}`,
      columns,
      "",
    ).map(ink.quiet),
  );
  if (headline.cut !== undefined) out.push(...wrap(headline.cut, columns, ""));
  if (report.overall === "met") out.push(...wrap(headline.because, columns, ""));
  out.push(
    "",
    ...missed(report, columns, ink),
    ...causeLines(report, columns, ink),
    ...held(report, columns, ink),
  );
  out.push("", ...faultLines(record, columns, ink), ...closeLines(report, record, columns));
  if (report.probe) out.push(...under("latency", tellProbe(report.probe), columns));
  if (options.dir !== undefined) {
    out.push(
      "",
      `report   ${options.dir}/report.html`,
      `again    npx seaworthy run --plan ${options.dir}/plan.json`,
    );
  }
  return `${out.join("\n").replace(/\n{3,}/g, "\n\n")}\n`;
}

/** What is breached or unknown, each with its reason; a breached check with one case, where it is told first. */
function missed(report: Report, columns: number, ink: Ink): string[] {
  const indent = " ".repeat(11);
  const groups = notMet(report);
  const told = new Set<string>();
  const out = groups.slice(0, ROWS_IN_FULL).flatMap((group) => {
    const title = wrap(`${namesOf(group)}, ${plain(group.phases.join(", "))}`, columns, indent);
    const { check, verdict } = group.worst;
    const isFirst = verdict.status === "breached" && !told.has(check);
    if (isFirst) told.add(check);
    const example = isFirst ? verdict.counterexamples[0] : undefined;
    return [
      ...title.map((line, at) =>
        at === 0 ? `${ink[group.status](group.status.padEnd(9))}  ${line.trimStart()}` : line,
      ),
      ...wrap(plain(group.why), columns, indent),
      ...(example === undefined ? [] : wrap(`e.g. ${plain(example.text)}`, columns, indent).map(ink.quiet)),
    ];
  });
  if (groups.length > ROWS_IN_FULL)
    out.push(`${indent}and ${groups.length - ROWS_IN_FULL} more: see the report`);
  return out.length === 0 ? [] : [...out, ""];
}

/** The most likely mistake with what speaks for and against it, and its remedy; the next ones by name. */
function causeLines(report: Report, columns: number, ink: Ink): string[] {
  const causes = causesOf(report);
  if (causes === undefined) return [];
  const [first, ...others] = causes.likely;
  if (first === undefined) return [...under("likely", NOBODY, columns), ""];
  const indent = " ".repeat(11);
  const told = (what: string, text: string | undefined) =>
    text === undefined ? [] : wrap(`${what}: ${plain(text)}`, columns, indent);
  return [
    ...under("likely", `${first.mistake}: ${plain(first.summary)}`, columns),
    ...told("for it", first.supports[0]?.text).map(ink.quiet),
    ...told("against it", first.contradicts[0]?.text).map(ink.quiet),
    ...told("remedy", first.remedy),
    ...others.flatMap(({ mistake, summary }) => under("or", `${mistake}: ${plain(summary)}`, columns)),
    "",
  ];
}

/** One line for each check that held anywhere: in how many phases, and the nearest it came to its limit. */
function held(report: Report, columns: number, ink: Ink): string[] {
  const rows = checksWorstFirst(report).flatMap((check) => {
    const own = report.judgements.filter((judgement) => judgement.check === check);
    const met = own.filter(({ verdict }) => verdict.status === "met");
    const nearest = met.reduce<Judgement | undefined>(
      (best, next) => (best === undefined || excess(next) > excess(best) ? next : best),
      undefined,
    );
    if (nearest?.verdict.measured === undefined) return [];
    return [
      {
        check,
        phases: `${met.length} of ${own.length}`,
        worst: showNumber(nearest.verdict.measured),
        limit: `${showNumber(nearest.limit)} ${nearest.unit}`,
        samples: showNumber(met.reduce((sum, { verdict }) => sum + verdict.samples, 0)),
      },
    ];
  });
  if (rows.length === 0) return [];
  const head = { check: "held", phases: "phases", worst: "worst", limit: "limit", samples: "samples" };
  const width = (key: keyof typeof head) => Math.max(...[head, ...rows].map((row) => row[key].length));
  const line = (row: typeof head, label: string) =>
    `${label}  ${row.check.padEnd(width("check"))}  ${row.phases.padStart(width("phases"))}  ${row.worst.padStart(width("worst"))}  ${row.limit.padEnd(width("limit"))}  ${row.samples.padStart(width("samples"))}`;
  return [
    ink.quiet(clip(line(head, " ".repeat(9)), columns)),
    ...rows
      .map((row) => clip(line(row, "met".padEnd(9)), columns))
      .map((row) => row.replace(/^met/, ink.met("met"))),
  ];
}

function faultLines(record: RunRecord, columns: number, ink: Ink): string[] {
  return faultStories(record).flatMap((story, at) => {
    const lines = wrap(`${story.number} ${plain(story.name)}: ${tellFault(story)}`, columns, " ".repeat(11));
    return lines.map((line, n) =>
      at === 0 && n === 0 ? `${ink.quiet("faults")}     ${line.trimStart()}` : line,
    );
  });
}

function closeLines(report: Report, record: RunRecord, columns: number): string[] {
  const by = new Map<string, number>();
  for (const row of closeTable(record, report.phases)) by.set(row.code, (by.get(row.code) ?? 0) + row.total);
  if (by.size === 0) return [];
  const told = [...by].map(([code, count]) => `${code} x ${showNumber(count)}`).join(", ");
  return under("closes", told, columns);
}

/** A short word in the margin, and what there is to say of it. */
function under(word: string, told: string, columns: number): string[] {
  return wrap(told, columns, " ".repeat(11)).map((line, at) =>
    at === 0 ? `${word.padEnd(11)}${line.trimStart()}` : line,
  );
}

/** Words into lines of at most `columns`, each indented; a word longer than a line stands alone. */
export function wrap(words: string, columns: number, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  // A number stays with its unit.
  const bound = words.replace(/(\d) (ms|s|min|x)(?![a-z])/g, "$1\u00a0$2");
  for (const word of bound.split(/[ \t\n]+/).filter((one) => one !== "")) {
    if (line.length > indent.length && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent;
    }
    line += line.length > indent.length ? ` ${word}` : word;
  }
  if (line.length > indent.length) lines.push(line);
  return lines.map((one) => one.replaceAll("\u00a0", " "));
}

interface Ink {
  met(text: string): string;
  breached(text: string): string;
  unknown(text: string): string;
  quiet(text: string): string;
}

function inkOf(colour: boolean): Ink {
  const paint = (code: string) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { met: paint("1;32"), breached: paint("1;31"), unknown: paint("1;35"), quiet: paint("2") };
}
