import type { Judgement, Report } from "../report.ts";
import { worstFirst } from "./order.ts";

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

/** What is not met for one reason: a breach stands alone, unknowns go together over checks, else over phases. */
export interface NotMet {
  readonly status: "breached" | "unknown";
  readonly phases: readonly string[];
  readonly why: string;
  /** Names, worst first, at least one. */
  readonly checks: readonly [string, ...string[]];
  /** The worst of them. */
  readonly worst: Judgement;
}

/** Everything that is not met, worst first. */
export function notMet(report: Report): readonly NotMet[] {
  const byPhase = new Map<string, NotMet>();
  for (const worst of worstFirst(report)) {
    const { status } = worst.verdict;
    if (status === "met") continue;
    const { phase, check } = worst;
    const why = reasonOf(report, worst);
    const key = JSON.stringify(status === "breached" ? [check, phase] : [phase, why]);
    const group = byPhase.get(key);
    if (group === undefined) byPhase.set(key, { status, phases: [phase], why, checks: [check], worst });
    else byPhase.set(key, { ...group, checks: [...group.checks, check] });
  }
  const merged = new Map<string, NotMet>();
  for (const group of byPhase.values()) {
    const key = JSON.stringify([group.status === "breached" ? group.phases : "", group.checks, group.why]);
    const same = merged.get(key);
    merged.set(key, same === undefined ? group : { ...same, phases: [...same.phases, ...group.phases] });
  }
  return [...merged.values()];
}

/** `no-phantom`, or `8 checks (no-phantom, room-order, …)`. */
export function namesOf({ checks }: NotMet): string {
  return checks.length === 1 ? checks[0] : `${checks.length} checks (${checks.join(", ")})`;
}
