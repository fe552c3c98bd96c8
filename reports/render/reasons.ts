import type { Judgement, Report } from "../report.ts";

/** The check that judges the load itself; where it is not met, the others are unknown because of it (rule 6). */
const GENERATOR_CHECK = "generator-valid";

/**
 * Why a judgement is not met, empty where it is. Where the generator is the reason, its own proof stands once, at
 * its own check, and the others point there.
 */
export function reasonOf(report: Report, { check, phase, verdict }: Judgement): string {
  if (verdict.status === "met") return "";
  if (check === GENERATOR_CHECK) return verdict.why;
  const generator = report.judgements.find((one) => one.check === GENERATOR_CHECK && one.phase === phase);
  if (generator === undefined || generator.verdict.status === "met") return verdict.why;
  const proof = generator.verdict.why;
  return verdict.why === proof || proof === ""
    ? verdict.why
    : verdict.why.replace(proof, `see ${GENERATOR_CHECK}`);
}

/** A void phase makes all its checks unknown for one reason, which then is said once: phase to reason. */
export function sharedReasons(report: Report): ReadonlyMap<string, string> {
  const shared = new Map<string, string>();
  for (const phase of new Set(report.judgements.map((judgement) => judgement.phase))) {
    const reasons = report.judgements
      .filter((judgement) => judgement.phase === phase)
      .map((judgement) => reasonOf(report, judgement));
    const first = reasons[0];
    if (reasons.length > 2 && first && reasons.every((why) => why === first)) shared.set(phase, first);
  }
  return shared;
}
