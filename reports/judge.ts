import type { Check } from "./check.ts";
import { probeFigures } from "./probe.ts";
import type { PlannedCheck } from "./record/plan.ts";
import type { RunRecord } from "./record/run-record.ts";
import type { Judgement, Report } from "./report.ts";
import { overall, type Unknown, type Verdict } from "./verdict.ts";
import { type Phase, phasesOf } from "./windows.ts";

/** The check that judges the load itself; where it is not met, nothing else can be. */
export const GENERATOR_CHECK = "generator-valid";

/** Stands in for the phase of a check that found none to judge. */
const NO_PHASE = "run";

/**
 * Puts every planned check to every phase that has a limit for it. Pure: the same record and checks give the same
 * report.
 *
 * - A phase that is void (its fault had no effect) is unknown for all checks.
 * - A phase in which the generator was saturated is unknown for all other checks, whatever they found: never red,
 *   never green (rule 6). That holds for lost messages too, since a client that cannot keep up may not have read
 *   what reached it. What was found is told in `why`.
 * - A check that found no phase at all is unknown once, so that nobody takes its silence for a pass. Except for one
 *   that asks about faults in a run that planned none: it is not asked.
 */
export function judge(record: RunRecord, checks: readonly Check[]): Report {
  const phases = phasesOf(record);
  const byName = new Map(checks.map((check) => [check.name, check]));
  const saturated = saturatedPhases(record, byName.get(GENERATOR_CHECK), phases);
  const judgements: Judgement[] = [];
  for (const planned of record.plan.checks) {
    const check = byName.get(planned.name);
    if (!check) {
      judgements.push(
        nowhere(planned.name, "", `there is no check named ${planned.name} in this version of Seaworthy`),
      );
      continue;
    }
    for (const judgement of judgeCheck(record, planned, check, phases)) {
      const why = saturated.get(judgement.phase);
      const isOther = planned.name !== GENERATOR_CHECK && why !== undefined;
      judgements.push(isOther ? { ...judgement, verdict: invalidated(judgement.verdict, why) } : judgement);
    }
  }
  const judged = phases.filter(({ kind }) => kind !== "warm-up");
  const [first, last] = [judged[0], judged.at(-1)];
  const probe = first && last && probeFigures(record, first.fromMs, last.toMs);
  return {
    plan: record.plan,
    ended: record.ended,
    phases,
    judgements,
    overall: overall(judgements.map(({ verdict }) => verdict)),
    ...(probe ? { probe } : {}),
    about: Object.fromEntries(
      record.plan.checks.flatMap(({ name }) => {
        const check = byName.get(name);
        if (!check) return [];
        const { summary, requirement, explain } = check;
        return [[name, { summary, requirement, explain }]];
      }),
    ),
  };
}

/** Why the generator was not fit, by name of phase. A void phase is unknown for its own reason. */
function saturatedPhases(
  record: RunRecord,
  generator: Check | undefined,
  phases: readonly Phase[],
): ReadonlyMap<string, string> {
  const planned = record.plan.checks.find(({ name }) => name === GENERATOR_CHECK);
  const saturated = new Map<string, string>();
  if (!generator || !planned) return saturated;
  for (const phase of phases) {
    const limit = planned.limits[phase.kind];
    if (limit === undefined || phase.void) continue;
    const verdict = generator.judge(record, phase, limit);
    if (verdict.status !== "met") saturated.set(phase.name, verdict.why);
  }
  return saturated;
}

function judgeCheck(
  record: RunRecord,
  planned: PlannedCheck,
  check: Check,
  phases: readonly Phase[],
): Judgement[] {
  const judgements: Judgement[] = [];
  for (const phase of phases) {
    const limit = planned.limits[phase.kind];
    if (limit === undefined || !asksAbout(check, record, phase)) continue;
    if (check.hasToSay?.(record, phase) === false) continue;
    const verdict: Verdict = phase.void
      ? { status: "unknown", why: phase.void, samples: 0 }
      : check.judge(record, phase, limit);
    judgements.push({ check: check.name, phase: phase.name, limit, unit: check.unit, verdict });
  }
  if (judgements.length > 0 || !isAsked(check, planned, record)) return judgements;
  const kinds = Object.keys(planned.limits).join(", ");
  const why = `the record has no phase to judge it in (it has limits for: ${kinds || "none"})`;
  return [nowhere(check.name, check.unit, why)];
}

function asksAbout(check: Check, record: RunRecord, phase: Phase): boolean {
  if (phase.faults.length === 0) return true;
  return phase.faults.some((index) => {
    const window = record.plan.timeline.find((one) => one.index === index);
    return window !== undefined && (check.asksAbout?.(window) ?? true);
  });
}

/** False for a question about faults when the plan has none that it asks about. */
function isAsked(check: Check, planned: PlannedCheck, record: RunRecord): boolean {
  const onlyFaults = Object.keys(planned.limits).every((kind) => kind === "fault" || kind === "recovery");
  if (!onlyFaults || Object.keys(planned.limits).length === 0) return true;
  return record.plan.timeline.some((window) => check.asksAbout?.(window) ?? true);
}

function nowhere(check: string, unit: string, why: string): Judgement {
  return { check, phase: NO_PHASE, limit: 0, unit, verdict: { status: "unknown", why, samples: 0 } };
}

function invalidated(verdict: Verdict, why: string): Unknown {
  const found =
    verdict.status === "unknown"
      ? verdict.why
      : verdict.status === "breached"
        ? `it would have been breached: ${verdict.why}`
        : "it would have been met";
  return {
    status: "unknown",
    why: `the generator was not fit to judge by (${why}); ${found}`,
    samples: verdict.samples,
    ...(verdict.measured === undefined ? {} : { measured: verdict.measured }),
  };
}
