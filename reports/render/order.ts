import type { Judgement, Report } from "../report.ts";

/**
 * What weighs most when several checks are over their limit. An invalid generator explains everything else; then
 * what cannot be repaired afterwards (messages), then what people wait for. Checks that are not named here come
 * in between, by how far they are over the limit.
 */
const GRAVEST = [
  "generator-valid",
  "no-lost-message",
  "no-phantom",
  "no-misdelivery",
  "no-duplicate",
  "room-order",
];
const STATUS = { breached: 0, unknown: 1, met: 2 } as const;

/** Worst first: breached, unknown, met; in each the gravest, then the one furthest over its limit. */
export function worstFirst(report: Report): readonly Judgement[] {
  const planned = new Map(report.plan.checks.map((check, at) => [check.name, at]));
  const phases = new Map(report.phases.map((phase, at) => [phase.name, at]));
  const gravity = (judgement: Judgement) => {
    const at = GRAVEST.indexOf(judgement.check);
    return at < 0 ? GRAVEST.length : at;
  };
  return [...report.judgements].sort(
    (a, b) =>
      STATUS[a.verdict.status] - STATUS[b.verdict.status] ||
      gravity(a) - gravity(b) ||
      compare(excess(b), excess(a)) ||
      compare(planned.get(a.check) ?? 0, planned.get(b.check) ?? 0) ||
      compare(phases.get(a.phase) ?? 0, phases.get(b.phase) ?? 0),
  );
}

/** Measured as a multiple of the limit; anything above a limit of zero is infinitely over it. */
export function excess(judgement: Judgement): number {
  const { measured } = judgement.verdict;
  if (measured === undefined) return 0;
  if (judgement.limit > 0) return measured / judgement.limit;
  return measured > 0 ? Number.POSITIVE_INFINITY : 0;
}

/** Names of the checks, the one with the worst judgement first. */
export function checksWorstFirst(report: Report): readonly string[] {
  return [...new Set(worstFirst(report).map((judgement) => judgement.check))];
}

/** Infinity minus infinity is not a number; a comparison is. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
