import type { RunRecord } from "../record/run-record.ts";
import type { Judgement, Report } from "../report.ts";
import type { Counterexample } from "../verdict.ts";
import { faultStories, tellFault } from "./facts/faults.ts";
import { tellTarget } from "./facts/reproduction.ts";
import { type Content, type Markup, markup } from "./html/markup.ts";
import { showAt, showMeasured, showNumber } from "./numbers.ts";

/**
 * junit.xml: a testsuite for each judged phase, a testcase for each check. Breached is a failure; unknown is an
 * error of type `unknown`, since every CI shows an error as not passed, while a skipped case would look harmless.
 * A run that did not end by itself adds a suite `run` with one error. `time` is the phase's length in the run,
 * never the time of judging, so the same record gives the same bytes.
 */
export function junit(report: Report, record: RunRecord): string {
  const suites = [...phaseSuites(report, record), ...runSuite(report, record)];
  const count = (of: (suite: Suite) => number) => suites.reduce((sum, suite) => sum + of(suite), 0);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${
    markup`<testsuites name="seaworthy ${report.plan.scenario.name}" tests="${count((suite) => suite.tests)}" failures="${count((suite) => suite.failures)}" errors="${count((suite) => suite.errors)}" time="${seconds(record.durationMs)}">
${suites.map((suite) => suite.body)}</testsuites>
`.markup
  }`;
}

interface Suite {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly body: Markup;
}

function phaseSuites(report: Report, record: RunRecord): readonly Suite[] {
  const names = [
    ...new Set([...report.phases.map(({ name }) => name), ...report.judgements.map(({ phase }) => phase)]),
  ];
  return names.flatMap((name) => {
    const judgements = report.judgements.filter(({ phase }) => phase === name);
    if (judgements.length === 0) return [];
    const phase = report.phases.find((one) => one.name === name);
    const cases = judgements.map((judgement) => testcase(report, judgement));
    const body = [properties(report), cases, systemOut(record, phase?.faults ?? [])];
    return [
      suite(
        name,
        judgements,
        phase === undefined ? 0 : phase.toMs - phase.fromMs,
        startOf(record, phase?.fromMs),
        body,
      ),
    ];
  });
}

/** What CI must not take for a pass: a run that was cut short, or that judged nothing. */
function runSuite(report: Report, record: RunRecord): readonly Suite[] {
  const { ended } = report;
  const said =
    ended.how === "interrupted"
      ? `interrupted by ${ended.by}`
      : ended.how === "failed"
        ? `${ended.code}: ${ended.message}${ended.hint === undefined ? "" : `. Hint: ${ended.hint}`}`
        : ended.how === "aborted"
          ? `ended early: ${ended.check} was breached`
          : ended.how === "torn"
            ? "the harness itself died"
            : report.judgements.length === 0
              ? "nothing was judged"
              : undefined;
  if (said === undefined) return [];
  const body = markup`<testcase name="ended" classname="${classname(report, "run ended")}" time="0">
<error type="${ended.how}" message="${said}">${record.torn.join("\n")}</error>
</testcase>
`;
  return [
    {
      tests: 1,
      failures: 0,
      errors: 1,
      body: wrap("run ended", 1, 0, 1, record.durationMs, undefined, body),
    },
  ];
}

function suite(
  name: string,
  judgements: readonly Judgement[],
  ms: number,
  timestamp: string | undefined,
  body: Content,
): Suite {
  const of = (status: string) => judgements.filter(({ verdict }) => verdict.status === status).length;
  const [tests, failures, errors] = [judgements.length, of("breached"), of("unknown")];
  return { tests, failures, errors, body: wrap(name, tests, failures, errors, ms, timestamp, body) };
}

function wrap(
  name: string,
  tests: number,
  failures: number,
  errors: number,
  ms: number,
  timestamp: string | undefined,
  body: Content,
): Markup {
  return markup`<testsuite name="${name}" tests="${tests}" failures="${failures}" errors="${errors}" skipped="0" time="${seconds(ms)}"${timestamp !== undefined && markup` timestamp="${timestamp}"`}>
${body}</testsuite>
`;
}

function testcase(report: Report, { check, phase, limit, unit, verdict }: Judgement): Markup {
  const inside =
    verdict.status === "breached"
      ? markup`
<failure type="breached" message="${verdict.why}">${[
          `measured ${showMeasured(verdict.measured, unit)}, limit ${showMeasured(limit, unit)}, samples ${showNumber(verdict.samples)}`,
          ...verdict.counterexamples.map(tell),
        ].join("\n")}</failure>
`
      : verdict.status === "unknown"
        ? markup`
<error type="unknown" message="${verdict.why}">could not be judged: limit ${showMeasured(limit, unit)}, samples ${showNumber(verdict.samples)}</error>
`
        : markup`
<system-out>measured ${showMeasured(verdict.measured, unit)}, limit ${showMeasured(limit, unit)}, samples ${showNumber(verdict.samples)}${verdict.note !== undefined && `\n${verdict.note}`}</system-out>
`;
  return markup`<testcase name="${check}" classname="${classname(report, phase)}" time="0">${inside}</testcase>
`;
}

function tell({ atMs, text }: Counterexample): string {
  return atMs === undefined ? text : `${showAt(atMs)} ${text}`;
}

function properties({ plan }: Report): Markup {
  const pairs = [
    ["scenario", plan.scenario.name],
    ["seed", `${plan.seed}`],
    ["clients", `${plan.clients}`],
    ["target", tellTarget(plan.target)],
  ] as const;
  return markup`<properties>${pairs.map(([name, value]) => markup`<property name="${name}" value="${value}"/>`)}</properties>
`;
}

function systemOut(record: RunRecord, faults: readonly number[]): Content {
  const told = faultStories(record).filter(({ window }) => faults.includes(window.index));
  return (
    told.length > 0 &&
    markup`<system-out>${told.map((story) => `fault ${story.number} ${story.name}: ${tellFault(story)}`).join("\n")}</system-out>
`
  );
}

/** Unique with the check's name: some CIs fold cases that share both, and the phases would hide each other. */
function classname({ plan }: Report, phase: string): string {
  return `${plan.scenario.name}.${phase}`;
}

/** JUnit's form: ISO 8601 without a zone, in UTC. */
function startOf(record: RunRecord, fromMs: number | undefined): string | undefined {
  if (record.startEpochMs === undefined || fromMs === undefined) return undefined;
  return new Date(record.startEpochMs + fromMs).toISOString().slice(0, 19);
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}
