import type { Overall } from "../reports/verdict.ts";
import type { AnyDefect } from "./catalog.ts";
import type { Request } from "./plan.ts";
import { breachedChecks, outcomeOf, type RunOne, untilJudged } from "./prove/attempt.ts";
import { inTurn } from "./prove/in-turn.ts";
import { MachineTurns } from "./prove/machine-turns.ts";
import { type HealthyRun, type Matrix, matrixOf, type ProvedDefect } from "./prove/matrix.ts";
import { type Alone, keyOf, requestFor, type SystemRequest, seedOf } from "./prove/request.ts";
import type { Results } from "./prove/results.ts";
import type { RunResult } from "./run.ts";

export interface ProveOptions {
  readonly seed: number;
  /**
   * Runs with nothing switched on, dealt out in turn over the different scenarios and faults of the defects; undefined:
   * one of each.
   */
  readonly healthyRuns: number | undefined;
  /** Healthy runs of these too, as far as no defect is proved by them. */
  readonly scenarios?: readonly string[];
  readonly cwd: string;
  /** What every run brings up; where it leaves the balancer open, a scenario or a defect may want one. */
  readonly system?: SystemRequest;
  /** At the same time. One on two cores: they measure one system. */
  readonly jobs: number;
  readonly results: Results;
  /** False once the time for all of it is over: what has not begun is not begun any more. */
  readonly mayBegin?: () => boolean;
}

/**
 * Each defect once in the scenario that must catch it, and the same scenarios and faults without any. What `results`
 * holds already is not run again.
 */
export async function prove(
  defects: readonly AnyDefect[],
  options: ProveOptions,
  runOne: RunOne,
): Promise<Matrix> {
  const { seed, jobs, results, mayBegin = () => true } = options;
  const healthyRequests = healthyRequestsOf(defects, options);
  const total = defects.length + healthyRequests.length;
  const rows: Omit<ProvedDefect, "healthy">[] = [];
  const healthy: HealthyRun[] = [];
  const turns = new MachineTurns();
  const work = [
    ...defects.map((defect, at) => async () => {
      const request = { ...defectRequest(defect, options), defects: [defect.name] };
      const name = `${defect.name}: ${keyOf(request)}`;
      const known = results.find<ProvedDefect>(name, request.seed);
      if (known) rows[at] = known;
      else if (!mayBegin()) rows[at] = notRun(defect, request);
      else {
        const row = await proved(defect, request, `${at + 1} of ${total}: ${defect.name}`, runOne, turns);
        results.add(name, request.seed, { ...row, healthy: null });
        rows[at] = row;
      }
    }),
    ...healthyRequests.map((request, at) => async () => {
      const name = `healthy ${keyOf(request)}`;
      const known = results.find<HealthyRun>(name, request.seed);
      const label = `${defects.length + at + 1} of ${total}: ${name}`;
      if (!known && !mayBegin()) return;
      const run = known ?? (await healthyRun(request, label, runOne, turns));
      healthy.push(run);
      if (!known) results.add(name, request.seed, run);
    }),
  ];
  await inTurn(work, jobs);
  const finished = rows.map((row, at) => ({
    ...row,
    healthy: worstOf(healthy, keyOf(defectRequest(defects[at] as AnyDefect, options))),
  }));
  return matrixOf(seed, finished, healthy, healthyRequests.length - healthy.length);
}

/** Every request that `prove` would run: to be planned before anything starts. */
export function requestsOf(
  defects: readonly AnyDefect[],
  options: Asked & Pick<ProveOptions, "healthyRuns" | "scenarios">,
): readonly Request[] {
  return [
    ...defects.map((defect) => ({ ...defectRequest(defect, options), defects: [defect.name] })),
    ...healthyRequestsOf(defects, options),
  ];
}

type Asked = Pick<ProveOptions, "seed" | "cwd" | "system">;

function defectRequest(defect: AnyDefect, { seed, cwd, system = {} }: Asked): Request {
  const way = [system.balancer, system.balance].filter((each) => each !== undefined);
  return requestFor(defect, seedOf(seed, defect.name, ...way), cwd, system);
}

function healthyRequestsOf(
  defects: readonly AnyDefect[],
  { seed, cwd, healthyRuns, scenarios = [], system }: Asked & Pick<ProveOptions, "healthyRuns" | "scenarios">,
): Request[] {
  const used = new Set(defects.map(({ caughtBy }) => caughtBy.scenario));
  const others = scenarios
    .filter((scenario) => !used.has(scenario))
    .map((scenario): Alone => ({ where: "nowhere", caughtBy: { scenario } }));
  const subjects = [...defects, ...others];
  const different = [...new Map(subjects.map((one) => [keyOf(requestFor(one, 0, cwd, system)), one]))];
  return Array.from({ length: healthyRuns ?? different.length }, (_, at) => {
    const [key, subject] = different[at % different.length] as [string, AnyDefect | Alone];
    return requestFor(subject, seedOf(seed, key, Math.floor(at / different.length)), cwd, system);
  });
}

async function proved(
  defect: AnyDefect,
  request: Request,
  label: string,
  runOne: RunOne,
  turns: MachineTurns,
): Promise<Omit<ProvedDefect, "healthy">> {
  const { check } = defect.caughtBy;
  const isJudged: Parameters<typeof untilJudged>[3] = (report) =>
    outcomeOf(report, check).outcome !== "unknown";
  const { result, invalidRuns } = await untilJudged(request, label, runOne, isJudged, turns);
  const { report, run } = result;
  const { outcome, why } = outcomeOf(report, check);
  const diagnoses = report.diagnoses ?? [];
  return {
    ...subjectOf(defect, request),
    outcome,
    caught: outcome === "caught",
    rank: diagnoses.find(({ mistake }) => mistake === defect.name)?.rank ?? null,
    diagnosed: diagnoses.slice(0, 3).map(({ mistake }) => mistake),
    otherBreached: breachedChecks(report.judgements).filter((one) => one !== check),
    ...(why === undefined ? {} : { why }),
    invalidRuns,
    overall: report.overall,
    ended: report.ended.how,
    run,
  };
}

/** Of what was left when the time was over nobody can say. */
function notRun(defect: AnyDefect, request: Request): Omit<ProvedDefect, "healthy"> {
  return {
    ...subjectOf(defect, request),
    outcome: "unknown",
    caught: false,
    rank: null,
    diagnosed: [],
    otherBreached: [],
    why: "not run: the time for all of it was over",
    invalidRuns: 0,
    overall: "unknown",
    ended: "not run",
    run: "",
  };
}

/** What is to be proved of it, and by which run. */
function subjectOf({ name, wave, requirement, caughtBy }: AnyDefect, { scenario, faults, seed }: Request) {
  return { defect: name, wave, requirement, scenario, faults, check: caughtBy.check, seed };
}

async function healthyRun(
  request: Request,
  label: string,
  runOne: RunOne,
  turns: MachineTurns,
): Promise<HealthyRun> {
  const { result, invalidRuns } = await untilJudged(
    request,
    label,
    runOne,
    ({ overall }) => overall !== "unknown",
    turns,
  );
  return { ...healthyOf(request, result), invalidRuns };
}

function healthyOf(
  request: Request,
  { report, run }: RunResult & { run: string },
): Omit<HealthyRun, "invalidRuns"> {
  const unknown = report.judgements.flatMap(({ check, phase, verdict }) =>
    verdict.status === "unknown" ? [`${check} in ${phase}: ${verdict.why}`] : [],
  );
  return {
    key: keyOf(request),
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

function worstOf(healthy: readonly HealthyRun[], key: string): Overall | null {
  const own = healthy.filter((run) => run.key === key).map(({ overall }) => overall);
  if (own.length === 0) return null;
  return own.includes("breached") ? "breached" : own.includes("unknown") ? "unknown" : "met";
}
