import type { Judgement, Report } from "../../reports/report.ts";
import type { Request } from "../plan.ts";
import type { RunResult } from "../run.ts";
import type { MachineTurns } from "./machine-turns.ts";
import type { Outcome } from "./matrix.ts";

/**
 * A run by which nothing can be judged (of a broken system: in which the check that must catch it could not say) is no
 * result: it is thrown away, counted, and made again until there were this many. The last has the machine to itself.
 */
export const ATTEMPTS = 3;

/** Runs one request and says how it came out and where it lies. */
export type RunOne = (request: Request, label: string) => Promise<RunResult & { readonly run: string }>;

export async function untilJudged(
  request: Request,
  label: string,
  runOne: RunOne,
  isJudged: (report: Report) => boolean,
  turns: MachineTurns,
) {
  for (let invalidRuns = 0; ; invalidRuns++) {
    const isLast = invalidRuns + 1 === ATTEMPTS;
    const again = invalidRuns === 0 ? "" : ", again: nothing could be judged";
    const run = () => runOne(request, `${label}${again}`);
    const result = await (isLast ? turns.alone(run) : turns.together(run));
    const isOver = isJudged(result.report) || result.report.ended.how === "failed";
    if (isOver || isLast) return { result, invalidRuns };
  }
}

/**
 * Whether the check that must catch a defect did. Where it was unknown anywhere and breached nowhere nobody can say,
 * whatever else turned red: the same run might have been a catch.
 */
export function outcomeOf(
  { judgements, ended }: Pick<Report, "judgements" | "ended">,
  check: string,
): { readonly outcome: Outcome; readonly why?: string } {
  const own = judgements.filter((one) => one.check === check);
  const unknown = own.find(({ verdict }) => verdict.status === "unknown");
  if (own.some(({ verdict }) => verdict.status === "breached")) return { outcome: "caught" };
  if (ended.how === "failed") return { outcome: "failed", why: `${ended.code}: ${ended.message}` };
  if (own.length === 0) return { outcome: "unknown", why: `${check} was never judged` };
  if (unknown) return { outcome: "unknown", why: `${check}, ${unknown.phase}: ${whyOf(unknown)}` };
  return { outcome: "missed", why: `${check} held in all phases` };
}

function whyOf({ verdict }: Judgement): string {
  return verdict.status === "met" ? "" : verdict.why;
}

export function breachedChecks(judgements: readonly Judgement[]): string[] {
  return [
    ...new Set(judgements.filter(({ verdict }) => verdict.status === "breached").map(({ check }) => check)),
  ];
}
