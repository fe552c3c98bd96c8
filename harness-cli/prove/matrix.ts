import type { Overall } from "../../reports/verdict.ts";
import type { ExitCode } from "../exit-codes.ts";

/**
 * What became of one defect: the check that it names turned red; it held although the defect was on; nobody could say
 * in any attempt; the run itself came to grief.
 */
export type Outcome = "caught" | "missed" | "unknown" | "failed";

/** One defect, switched on: did the check that it names turn red, and did the diagnosis name it? */
export interface ProvedDefect {
  readonly defect: string;
  readonly wave: number;
  readonly requirement: readonly string[];
  readonly scenario: string;
  readonly faults: readonly string[];
  readonly check: string;
  readonly outcome: Outcome;
  readonly caught: boolean;
  /** Place of this defect among the likely mistakes that the report names; null where it is not among them. */
  readonly rank: number | null;
  /** The likely mistakes, the first three. */
  readonly diagnosed: readonly string[];
  /** Other checks that turned red. */
  readonly otherBreached: readonly string[];
  /** How the same scenario and faults came out with nothing switched on, the worst of their runs; null: not run. */
  readonly healthy: Overall | null;
  /** Why it is not caught, in a sentence; absent when it is. */
  readonly why?: string;
  /** Runs thrown away before this one, because nothing could be judged by them (a machine that was busy, say). */
  readonly invalidRuns: number;
  readonly overall: Overall;
  readonly ended: string;
  readonly seed: number;
  /** The run's folder below the folder of runs. */
  readonly run: string;
}

/** The same scenario and faults with nothing switched on: nothing may turn red. */
export interface HealthyRun {
  /** Scenario, faults and parameters: what rows with the same key share. */
  readonly key: string;
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

export interface Totals {
  readonly defects: number;
  readonly caught: number;
  /** The report's most likely mistake is the right one, alone. */
  readonly namedFirst: number;
  readonly namedAmongThree: number;
  readonly missed: number;
  /** Defects of which nobody could say. */
  readonly unknown: number;
  readonly failed: number;
  readonly healthyRuns: number;
  /** Healthy runs with a red check. */
  readonly alarms: number;
  readonly healthyUnknown: number;
  /** Healthy runs that were left when the time was over. */
  readonly healthyNotRun: number;
}

/** matrix.json, format 2. */
export interface Matrix {
  readonly format: 2;
  readonly seed: number;
  readonly rows: readonly ProvedDefect[];
  readonly healthy: readonly HealthyRun[];
  readonly totals: Totals;
}

export function matrixOf(
  seed: number,
  rows: readonly ProvedDefect[],
  healthy: readonly HealthyRun[],
  healthyNotRun = 0,
): Matrix {
  const of = (outcome: Outcome) => rows.filter((row) => row.outcome === outcome).length;
  const ranked = (most: number) => rows.filter(({ rank }) => rank !== null && rank <= most).length;
  return {
    format: 2,
    seed,
    rows,
    healthy,
    totals: {
      defects: rows.length,
      caught: of("caught"),
      namedFirst: ranked(1),
      namedAmongThree: ranked(3),
      missed: of("missed"),
      unknown: of("unknown"),
      failed: of("failed"),
      healthyRuns: healthy.length,
      alarms: healthy.filter(({ overall }) => overall === "breached").length,
      healthyUnknown: healthy.filter(({ overall }) => overall === "unknown").length,
      healthyNotRun,
    },
  };
}

/** A miss or a false alarm is a breach; a run that failed, or in the end could not say, proves nothing. */
export function exitOf({ totals, healthy }: Matrix): ExitCode {
  if (totals.missed > 0 || totals.alarms > 0) return 1;
  if (totals.failed > 0 || healthy.some(({ ended }) => ended !== "completed")) return 4;
  return totals.unknown > 0 || totals.healthyUnknown > 0 || totals.healthyNotRun > 0 ? 3 : 0;
}

/** The matrix for a terminal: a line for each defect, those not caught last; then red and unknown healthy runs; then the sums. */
export function tableOf({ rows, healthy, totals }: Matrix): string {
  const width = Math.max(0, ...rows.map((row) => row.defect.length));
  const words = { caught: "caught ", missed: "MISSED ", unknown: "unknown", failed: "FAILED " };
  const lines = rows
    .toSorted((a, b) => Number(b.caught) - Number(a.caught))
    .flatMap((row) => {
      const others = row.otherBreached.length > 0 ? `, also red: ${row.otherBreached.join(", ")}` : "";
      const instead = row.diagnosed.length > 0 ? `not named; rather ${row.diagnosed[0]}` : "not named";
      const named =
        row.outcome !== "caught" ? "" : row.rank === null ? `, ${instead}` : `, named #${row.rank}`;
      return [
        `  ${words[row.outcome]}  ${row.defect.padEnd(width)}  by ${row.check} in ${row.scenario}${named}${others}`,
        ...(row.why === undefined ? [] : [`           ${" ".repeat(width)}  ${row.why}`]),
      ];
    });
  for (const run of healthy) {
    if (run.breached.length > 0)
      lines.push(`  ALARM    healthy ${run.scenario} (${run.run}): ${run.breached.join(", ")}`);
    else if (run.overall === "unknown")
      lines.push(`  unknown  healthy ${run.scenario} (${run.run}): ${run.unknown[0] ?? run.ended}`);
  }
  const { defects, caught, namedFirst, namedAmongThree } = totals;
  lines.push(
    `${caught} of ${defects} defects caught, ${namedFirst} named first and ${namedAmongThree} among the first three`,
    `${totals.missed} missed, ${totals.unknown} unknown, ${totals.failed} failed; ${totals.alarms} alarms and ${totals.healthyUnknown} unknown in ${totals.healthyRuns} healthy runs${totals.healthyNotRun > 0 ? `, ${totals.healthyNotRun} not run` : ""}`,
  );
  return `${lines.join("\n")}\n`;
}
