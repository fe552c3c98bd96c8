import type { RunAs } from "../reports/record/plan.ts";
import type { Judgement, Report } from "../reports/report.ts";
import type { Overall, Verdict } from "../reports/verdict.ts";
import type { AnyDefect } from "./catalog.ts";
import type { Request } from "./plan.ts";
import type { RunResult } from "./run.ts";

/** One defect, switched on: did the check that it names turn red? */
export interface ProvedDefect {
  readonly defect: string;
  readonly requirement: readonly string[];
  readonly scenario: string;
  readonly check: string;
  readonly caught: boolean;
  /** Runs thrown away before this one, because nothing could be judged by them (a machine that was busy, say). */
  readonly invalidRuns: number;
  /** Other checks that turned red. */
  readonly otherBreached: readonly string[];
  readonly overall: Overall;
  readonly ended: string;
  readonly seed: number;
  /** The run's folder below the folder of runs. */
  readonly run: string;
}

/** The same scenarios and faults with nothing switched on: nothing may turn red. */
export interface HealthyRun {
  readonly scenario: string;
  readonly faults: readonly string[];
  readonly overall: Overall;
  /** False alarms. */
  readonly breached: readonly string[];
  /** Why the run could not say, each reason once. */
  readonly unknown: readonly string[];
  readonly invalidRuns: number;
  readonly ended: string;
  readonly seed: number;
  readonly run: string;
}

export interface Matrix {
  readonly format: 1;
  readonly rows: readonly ProvedDefect[];
  readonly healthy: readonly HealthyRun[];
  readonly totals: {
    readonly defects: number;
    readonly caught: number;
    readonly healthyRuns: number;
    readonly alarms: number;
    readonly unknown: number;
  };
}

/**
 * A run by which nothing can be judged (of a broken system: in which the check that must catch it could not say) is no
 * result: it is thrown away, counted, and made again until there were this many.
 */
const ATTEMPTS = 3;

/** Runs one request and says how it came out and where it lies. */
export type RunOne = (request: Request, label: string) => Promise<RunResult & { readonly run: string }>;

/**
 * Each defect once in the scenario that must catch it, then `healthyRuns` runs of the same scenarios and faults in
 * turn without any. Seeds follow from `seed`, each run its own. One after the other: two cores measure one system.
 */
export async function prove(
  defects: readonly AnyDefect[],
  options: {
    readonly seed: number;
    readonly healthyRuns: number;
    readonly cwd: string;
    readonly runAs?: RunAs | "auto";
  },
  runOne: RunOne,
): Promise<Matrix> {
  let seed = options.seed;
  const rows: ProvedDefect[] = [];
  for (const [i, defect] of defects.entries()) {
    const label = `${i + 1} of ${defects.length}: ${defect.name}`;
    const request = requestFor(defect, seed++, options);
    const broken = { ...request, defects: [defect.name] };
    const { result, invalidRuns } = await untilJudged(broken, label, runOne, ({ overall, judgements }) => {
      const named = judgements.filter(({ check }) => check === defect.caughtBy.check);
      const said = (status: Verdict["status"]) => named.some(({ verdict }) => verdict.status === status);
      return said("breached") || (overall !== "unknown" && !said("unknown"));
    });
    rows.push({ ...proved(defect, request, result), invalidRuns });
  }
  const healthy: HealthyRun[] = [];
  for (let i = 0; i < options.healthyRuns; i++) {
    const request = requestFor(defects[i % defects.length] as AnyDefect, seed++, options);
    const label = `healthy ${i + 1} of ${options.healthyRuns}`;
    const { result, invalidRuns } = await untilJudged(
      request,
      label,
      runOne,
      ({ overall }) => overall !== "unknown",
    );
    healthy.push({ ...healthyRun(request, result), invalidRuns });
  }
  return {
    format: 1,
    rows,
    healthy,
    totals: {
      defects: rows.length,
      caught: rows.filter((row) => row.caught).length,
      healthyRuns: healthy.length,
      alarms: healthy.filter((run) => run.overall === "breached").length,
      unknown: healthy.filter((run) => run.overall === "unknown").length,
    },
  };
}

async function untilJudged(
  request: Request,
  label: string,
  runOne: RunOne,
  isJudged: (report: Report) => boolean,
) {
  for (let invalidRuns = 0; ; invalidRuns++) {
    const result = await runOne(
      request,
      invalidRuns === 0 ? label : `${label}, again: nothing could be judged`,
    );
    if (isJudged(result.report) || invalidRuns + 1 === ATTEMPTS) return { result, invalidRuns };
  }
}

function requestFor(
  { caughtBy }: AnyDefect,
  seed: number,
  { cwd, runAs = "auto" }: { readonly cwd: string; readonly runAs?: RunAs | "auto" },
): Request {
  return {
    scenario: caughtBy.scenario,
    params: Object.entries(caughtBy.params ?? {}).map(([key, value]) => `${key}=${value}`),
    faults: caughtBy.faults ?? [],
    defects: [],
    checks: [],
    limits: [],
    seed,
    timeScale: 1,
    engine: "k6",
    target: { kind: "reference", instances: 3, runAs },
    cwd,
  };
}

function proved(
  defect: AnyDefect,
  request: Request,
  { report, run }: RunResult & { run: string },
): Omit<ProvedDefect, "invalidRuns"> {
  const breached = breachedChecks(report.judgements);
  return {
    defect: defect.name,
    requirement: defect.requirement,
    scenario: request.scenario,
    check: defect.caughtBy.check,
    caught: breached.includes(defect.caughtBy.check),
    otherBreached: breached.filter((check) => check !== defect.caughtBy.check),
    overall: report.overall,
    ended: report.ended.how,
    seed: request.seed,
    run,
  };
}

function healthyRun(
  request: Request,
  { report, run }: RunResult & { run: string },
): Omit<HealthyRun, "invalidRuns"> {
  const unknown = report.judgements.flatMap(({ check, phase, verdict }) =>
    verdict.status === "unknown" ? [`${check} in ${phase}: ${verdict.why}`] : [],
  );
  return {
    scenario: request.scenario,
    faults: request.faults,
    overall: report.overall,
    breached: breachedChecks(report.judgements),
    unknown: [...new Set(unknown)],
    ended: report.ended.how,
    seed: request.seed,
    run,
  };
}

function breachedChecks(judgements: readonly Judgement[]): string[] {
  return [
    ...new Set(judgements.filter(({ verdict }) => verdict.status === "breached").map(({ check }) => check)),
  ];
}
