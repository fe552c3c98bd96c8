import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Command } from "commander";
import type { RunAs } from "../../reports/record/plan.ts";
import { type AnyDefect, loadCatalog } from "../catalog.ts";
import { SeaworthyError } from "../errors.ts";
import { exitCodeOf } from "../exit-codes.ts";
import type { Action } from "../main.ts";
import { MistakeList } from "../mistakes.ts";
import { hintFor } from "../names.ts";
import { plan } from "../plan.ts";
import { progressOn } from "../progress.ts";
import { type Matrix, prove as proveDefects } from "../prove.ts";
import { run } from "../run.ts";
import { runAsOption } from "../run-as.ts";
import type { World } from "../world.ts";

interface Options {
  readonly healthy: string;
  readonly seed: string;
  readonly out: string;
  readonly runAs?: RunAs | "auto";
  readonly json?: boolean;
}

export function prove(program: Command, world: World, done: Action): void {
  program
    .command("prove")
    .description(
      "switch known production mistakes on, one at a time: each must turn its check red, a healthy system none",
    )
    .argument("[defects...]", "names from `seaworthy list defects`; none: all")
    .option("--healthy <runs>", "runs with nothing switched on", "10")
    .option("--seed <n>", "the first run's seed; the others count on from it", "1")
    .addOption(runAsOption())
    .option("--out <folder>", "where runs are kept; these go to prove/ in it", "runs")
    .option("--json", "print matrix.json instead of text")
    .action(async (names: string[], options: Options) => {
      const catalog = await loadCatalog();
      const defects = chosen(names, catalog.defects);
      const healthyRuns = Number(options.healthy);
      const seed = Number(options.seed);
      if (!Number.isInteger(healthyRuns) || healthyRuns < 0 || !Number.isInteger(seed) || seed < 0) {
        throw new SeaworthyError(
          "SW_USAGE",
          "--healthy and --seed take whole numbers",
          "prove --healthy 10 --seed 1",
        );
      }
      const runsDir = path.resolve(world.cwd, options.out, "prove");
      using progress = progressOn(world.stderr, false);
      let interrupted = false;
      const matrix = await proveDefects(
        defects,
        { seed, healthyRuns, cwd: world.cwd, ...(options.runAs ? { runAs: options.runAs } : {}) },
        async (request, label) => {
          progress.say(`\n${label}`);
          const planned = await plan(request, catalog);
          const result = await run(planned, { world, catalog, runsDir, progress, allowHosts: [] });
          progress.say(`  ${result.report.overall}, ended: ${result.report.ended.how}`);
          // Someone who stops one run of the matrix means all of it.
          if (exitCodeOf(result.report.ended, result.report.overall) === 130) interrupted = true;
          if (interrupted) throw new Stopped();
          return { ...result, run: path.basename(result.dir) };
        },
      ).catch((error: unknown) => {
        if (error instanceof Stopped) return undefined;
        throw error;
      });
      if (!matrix) return done(130);
      const json = `${JSON.stringify(matrix, null, 2)}\n`;
      await mkdir(runsDir, { recursive: true });
      await writeFile(path.join(runsDir, "matrix.json"), json);
      world.stdout.write(options.json ? json : table(matrix));
      done(exitOf(matrix));
    });
}

class Stopped extends Error {}

function chosen(names: readonly string[], defects: ReadonlyMap<string, AnyDefect>): AnyDefect[] {
  if (names.length === 0) return [...defects.values()];
  const mistakes = new MistakeList();
  const found = names.flatMap((name) => {
    const defect = defects.get(name);
    if (!defect)
      mistakes.add("SW_UNKNOWN_NAME", `unknown defect "${name}"`, hintFor(name, [...defects.keys()]));
    return defect ? [defect] : [];
  });
  mistakes.check();
  return found;
}

/** A miss or a false alarm is a breach; a run that failed, or in the end could not say, proves nothing. */
function exitOf({ totals, rows, healthy }: Matrix): 0 | 1 | 3 | 4 {
  const undecided = rows.some((row) => !row.caught && row.overall === "unknown");
  if (totals.alarms > 0 || rows.some((row) => !row.caught && row.overall !== "unknown")) return 1;
  if ([...rows, ...healthy].some((run) => run.ended !== "completed")) return 4;
  return undecided || totals.unknown > 0 ? 3 : 0;
}

function table({ rows, healthy, totals }: Matrix): string {
  const width = Math.max(0, ...rows.map((row) => row.defect.length));
  const lines = rows.map((row) => {
    const others = row.otherBreached.length > 0 ? `, also red: ${row.otherBreached.join(", ")}` : "";
    return `  ${row.caught ? "caught " : row.overall === "unknown" ? "unknown" : "MISSED "}  ${row.defect.padEnd(width)}  by ${row.check} in ${row.scenario}${others}`;
  });
  for (const run of healthy) {
    if (run.breached.length > 0)
      lines.push(`  ALARM   healthy ${run.scenario} (${run.run}): ${run.breached.join(", ")}`);
    else if (run.overall === "unknown")
      lines.push(`  unknown healthy ${run.scenario} (${run.run}): ${run.unknown[0] ?? run.ended}`);
  }
  lines.push(
    `${totals.caught} of ${totals.defects} defects caught, ${totals.alarms} alarms and ${totals.unknown} unknown in ${totals.healthyRuns} healthy runs`,
  );
  return `${lines.join("\n")}\n`;
}
