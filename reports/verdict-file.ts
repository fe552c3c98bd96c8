import type { Clue, Diagnosis } from "./diagnosis.ts";
import type { Judgement, Report } from "./report.ts";
import type { Counterexample } from "./verdict.ts";
import type { Phase } from "./windows.ts";

/**
 * The text of verdict.json, format 1:
 * `{format, overall, ended, probe?, phases, checks[] {name, phase, status, measured, limit, unit, samples, why?, note?,
 * counterexamples?}, diagnoses?[] {mistake, rank, score, supports[], contradicts[]}}`, the clues by their facts.
 * `measured` is null where nothing was measured. The same report gives the same bytes: no time of judging, fixed order
 * of keys, numbers rounded to three decimals.
 */
export function verdictFile(report: Report): string {
  const verdict = {
    format: 1,
    overall: report.overall,
    ended: report.ended,
    ...(report.probe ? { probe: report.probe } : {}),
    phases: report.phases.map(phaseEntry),
    checks: report.judgements.map(checkEntry),
    ...(report.diagnoses ? { diagnoses: report.diagnoses.map(diagnosisEntry) } : {}),
  };
  return `${JSON.stringify(verdict, null, 2)}\n`;
}

function diagnosisEntry({ mistake, rank, score, supports, contradicts }: Diagnosis): object {
  const facts = (clues: readonly Clue[]) => clues.map(({ fact }) => fact);
  return {
    mistake,
    rank,
    score: rounded(score),
    supports: facts(supports),
    contradicts: facts(contradicts),
  };
}

function phaseEntry(phase: Phase): object {
  const { name, kind, fromMs, toMs, faults } = phase;
  return { name, kind, fromMs, toMs, faults, ...(phase.void === undefined ? {} : { void: phase.void }) };
}

function checkEntry({ check, phase, limit, unit, verdict }: Judgement): object {
  return {
    name: check,
    phase,
    status: verdict.status,
    measured: verdict.measured === undefined ? null : rounded(verdict.measured),
    limit: rounded(limit),
    unit,
    samples: verdict.samples,
    ...("why" in verdict ? { why: verdict.why } : {}),
    ...("note" in verdict && verdict.note !== undefined ? { note: verdict.note } : {}),
    ...(verdict.status === "breached" ? { counterexamples: verdict.counterexamples.map(evidence) } : {}),
  };
}

function evidence(example: Counterexample): object {
  const { text, atMs, message, client, server, fault } = example;
  return {
    text,
    ...(atMs === undefined ? {} : { atMs: rounded(atMs) }),
    ...(message === undefined ? {} : { message }),
    ...(client === undefined ? {} : { client }),
    ...(server === undefined ? {} : { server }),
    ...(fault === undefined ? {} : { fault }),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
