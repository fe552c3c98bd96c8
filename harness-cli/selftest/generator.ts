import { SECOND_LIMITS } from "../../reports/generator-limits.ts";
import { show } from "../../reports/measure.ts";
import type { RunRecord } from "../../reports/record/run-record.ts";
import type { Phase } from "../../reports/windows.ts";
import type { Beside, RunResult } from "../run.ts";
import type { Part } from "./part.ts";

/** Far within what any engine can do on any machine: 20 messages a second, 100 deliveries. */
export const GENERATOR_PARAMS = [
  "clients=10",
  "roomSize=5",
  "rampMs=1s",
  "holdMs=9s",
  "publishEveryMs=500",
] as const;
export const GENERATOR_CHECKS = ["generator-valid", "delivery-p99", "no-lost-message"] as const;

/**
 * The engine is let run for a fifth of the time, as a container's CPU quota does it: more is asked of it than it can
 * give, on any machine, and without burning the CPU that the machine has. From before the judged time to its end.
 */
const THROTTLE = { fromMs: 2_000, untilMs: 10_000, stoppedMs: 400, runningMs: 100 } as const;
/** Machines that are used no more than this leave no excuse. */
const QUIET = { cpu: 0.8, stolen: 0.05 } as const;
/** What the reason must be about: what a throttled engine cannot hide. */
const RIGHT_REASON =
  /sends [\d,.]+ ms late|event loop [\d,.]+ ms late|no word about|of the schedule skipped|no report for|of the CPU that it can use/;

export async function overload(stage: Beside): Promise<void> {
  await stage.at(THROTTLE.fromMs);
  try {
    while (stage.nowMs() < THROTTLE.untilMs && !stage.signal.aborted) {
      stage.load.signal("SIGSTOP");
      await stage.at(stage.nowMs() + THROTTLE.stoppedMs);
      stage.load.signal("SIGCONT");
      await stage.at(stage.nowMs() + THROTTLE.runningMs);
    }
  } finally {
    stage.load.signal("SIGCONT");
  }
}

export function judgeOverload(result: RunResult & { readonly run: string }): Part {
  const { report, run } = result;
  const name = "generator overloaded";
  const done = `the load engine held up for ${THROTTLE.stoppedMs} of every ${THROTTLE.stoppedMs + THROTTLE.runningMs} ms: the run must be invalid`;
  const seen = look(result);
  if (typeof seen === "string") return { name, told: "unknown", done, found: seen, figures: {}, run };
  const { verdict, seconds, lateSeconds, figures } = seen;
  const part = (told: Part["told"], found: string): Part => ({ name, told, done, found, figures, run });
  if (verdict.status === "unknown") {
    if (!RIGHT_REASON.test(verdict.why)) return part("lie", `invalid for another reason: ${verdict.why}`);
    if (report.overall !== "unknown") return part("lie", `invalid, and still the run was ${report.overall}`);
    return part("truth", `invalid: ${verdict.why}`);
  }
  const sends = `${show(lateSeconds)} of ${show(seconds)} seconds had late sends`;
  return 2 * lateSeconds > seconds
    ? part("lie", `called fit, and ${sends}`)
    : part("unknown", `it could not be overloaded: ${sends}`);
}

export function judgeWithin(result: RunResult & { readonly run: string }): Part {
  const { record, run } = result;
  const name = "generator within its limits";
  const done = "10 clients, 2 messages a second each: the run must be valid";
  const seen = look(result);
  if (typeof seen === "string") return { name, told: "unknown", done, found: seen, figures: {}, run };
  const { verdict, seconds, lateSeconds, figures } = seen;
  const part = (told: Part["told"], found: string): Part => ({ name, told, done, found, figures, run });
  if (verdict.status === "met") {
    return 2 * lateSeconds > seconds
      ? part("lie", `called fit, and ${show(lateSeconds)} of ${show(seconds)} seconds had late sends`)
      : part("truth", `valid: ${show(verdict.measured)} % of ${show(seconds)} seconds unfit`);
  }
  const why = "why" in verdict ? verdict.why : "";
  const busy = busiest(record);
  if (lateSeconds === 0 && busy.cpu < QUIET.cpu && busy.stolen < QUIET.stolen) {
    return part("lie", `called invalid on a quiet machine with every send in time: ${why}`);
  }
  return part(
    "unknown",
    `${why} (machine up to ${show(100 * busy.cpu)} % busy, up to ${show(100 * busy.stolen)} % of it taken away)`,
  );
}

/** What the check said, and the truth beside it; why there is nothing to compare otherwise. */
function look({ report, record }: RunResult) {
  if (report.ended.how !== "completed") return `the run did not come to its end (${report.ended.how})`;
  const phase = report.phases.find(({ kind }) => kind === "baseline");
  const verdict = report.judgements.find(
    ({ check, phase: name }) => check === "generator-valid" && name === phase?.name,
  )?.verdict;
  if (!phase || !verdict) return "the generator was never judged";
  const lateSeconds = lateIn(record, phase);
  const seconds = (phase.toMs - phase.fromMs) / 1_000;
  const figures = { seconds, lateSeconds, unfitPercent: verdict.measured ?? 0 };
  return { verdict, seconds, lateSeconds, figures };
}

/**
 * The truth, past the histograms and the check: from each send's own two times, the seconds in which more than 1 % of
 * what was due was sent too late, or nothing was sent at all.
 */
function lateIn(record: RunRecord, { fromMs, toMs }: Phase): number {
  const due = new Map<number, { all: number; late: number }>();
  for (const own of record.ledger.sends.values()) {
    for (const { intendedMs, sentMs } of own) {
      const second = Math.floor(intendedMs / 1_000);
      const of = due.get(second) ?? { all: 0, late: 0 };
      of.all += 1;
      if (sentMs - intendedMs > SECOND_LIMITS.latenessP99Ms) of.late += 1;
      due.set(second, of);
    }
  }
  let late = 0;
  for (let second = fromMs / 1_000; second * 1_000 < toMs; second++) {
    const of = due.get(second);
    if (!of || of.late > 0.01 * of.all) late += 1;
  }
  return late;
}

function busiest(record: RunRecord): { cpu: number; stolen: number } {
  const most = (values: (number | undefined)[]) => Math.max(0, ...values.map((value) => value ?? 0));
  const { machine } = record.samples;
  return { cpu: most(machine.map(({ cpu }) => cpu)), stolen: most(machine.map(({ stolen }) => stolen)) };
}
