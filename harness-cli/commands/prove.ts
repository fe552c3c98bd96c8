import { writeFile } from "node:fs/promises";
import path from "node:path";
import { type Command, Option } from "commander";
import type { RunAs } from "../../reports/record/plan.ts";
import { type AnyDefect, loadCatalog } from "../catalog.ts";
import { parseDurationMs } from "../duration.ts";
import { SeaworthyError } from "../errors.ts";
import { exitCodeOf } from "../exit-codes.ts";
import type { Action } from "../main.ts";
import { MistakeList } from "../mistakes.ts";
import { hintFor } from "../names.ts";
import { plan } from "../plan.ts";
import { progressOn } from "../progress.ts";
import { exitOf, tableOf } from "../prove/matrix.ts";
import { matrixPage } from "../prove/page.ts";
import { openResults } from "../prove/results.ts";
import { sourceMark } from "../prove/source-mark.ts";
import { prove as proveDefects, requestsOf } from "../prove.ts";
import { run } from "../run.ts";
import { runAsOption } from "../run-as.ts";
import { meetDaemon } from "../target/containers/daemon.ts";
import type { World } from "../world.ts";

interface Options {
  readonly wave?: string;
  readonly healthy?: string;
  readonly everyScenario?: boolean;
  readonly seed: string;
  readonly jobs: string;
  readonly within?: string;
  readonly balancer?: string;
  readonly balance?: string;
  readonly out: string;
  readonly fresh?: boolean;
  readonly runAs?: RunAs | "auto";
  readonly json?: boolean;
}

export function prove(program: Command, world: World, done: Action): void {
  program
    .command("prove")
    .description(
      "switch known production mistakes on, one at a time: each must turn its check red, a healthy system none; goes on where it stopped",
    )
    .argument("[defects...]", "names from `seaworthy list defects`; none: all")
    .addOption(new Option("--wave <n>", "only those of this wave").choices(["1", "2", "3"]))
    .option("--healthy <runs>", "runs with nothing switched on (default: one of each scenario and faults)")
    .option("--every-scenario", "healthy runs of the scenarios too that none of these mistakes needs")
    .option("--seed <n>", "every run's seed follows from it", "1")
    .option("--jobs <n>", "how many runs at a time; they share the cores and what is measured on them", "1")
    .addOption(runAsOption())
    .option("--within <time>", "begin no run after so long (20m); what is left then is unknown")
    .option("--balancer <program>", "nginx or haproxy in front of the instances in every run")
    .option("--balance <algorithm>", "round-robin, least-connections or cookie (affinity)")
    .option("--out <folder>", "where runs are kept; these go to prove/ in it", "runs")
    .option("--fresh", "forget what was proved before")
    .option("--json", "print matrix.json instead of text")
    .action(async (names: string[], options: Options) => {
      const catalog = await loadCatalog();
      const defects = chosen(names, options.wave, catalog.defects);
      const seed = whole("--seed", options.seed, 0);
      const healthyRuns = options.healthy === undefined ? undefined : whole("--healthy", options.healthy, 0);
      const scenarios = options.everyScenario ? [...catalog.scenarios.keys()] : [];
      const jobs = whole("--jobs", options.jobs, 1);
      const withinMs = options.within === undefined ? Number.POSITIVE_INFINITY : timeOf(options.within);
      const { cwd } = world;
      // A defect whose plan cannot be made is found before the first run, not after an hour.
      const system = { balancer: options.balancer, balance: options.balance, runAs: options.runAs };
      for (const request of requestsOf(defects, { seed, healthyRuns, scenarios, cwd, system }))
        await plan(request, catalog);

      if (options.runAs === "containers") await meetDaemon(world.env);
      const runsDir = path.resolve(cwd, options.out, "prove");
      const results = await openResults(runsDir, await sourceMark(), options.fresh === true);
      using progress = progressOn(world.stderr, false);
      let interrupted = false;
      const fromMs = performance.now();
      const mayBegin = () => performance.now() - fromMs < withinMs;
      const matrix = await proveDefects(
        defects,
        { seed, healthyRuns, scenarios, jobs, cwd, results, system, mayBegin },
        async (request, label) => {
          if (interrupted) throw new Stopped();
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
      await writeFile(path.join(runsDir, "matrix.json"), json);
      await writeFile(path.join(runsDir, "matrix.html"), matrixPage(matrix));
      world.stdout.write(
        options.json
          ? json
          : `${tableOf(matrix)}matrix   ${path.relative(cwd, path.join(runsDir, "matrix.html"))}\n`,
      );
      done(exitOf(matrix));
    });
}

class Stopped extends Error {}

function timeOf(given: string): number {
  const ms = parseDurationMs(given);
  if (ms !== undefined && ms > 0) return ms;
  throw new SeaworthyError("SW_USAGE", `--within takes a time, not "${given}"`, "prove --within 20m");
}

function whole(option: string, given: string, least: number): number {
  const value = Number(given);
  if (Number.isSafeInteger(value) && value >= least && given.trim() !== "") return value;
  throw new SeaworthyError(
    "SW_USAGE",
    `${option} takes a whole number of at least ${least}, not "${given}"`,
    "prove --wave 1 --healthy 10 --seed 1 --jobs 1",
  );
}

function chosen(
  names: readonly string[],
  wave: string | undefined,
  defects: ReadonlyMap<string, AnyDefect>,
): AnyDefect[] {
  const mistakes = new MistakeList();
  const found = names.flatMap((name) => {
    const defect = defects.get(name);
    if (!defect)
      mistakes.add("SW_UNKNOWN_NAME", `unknown defect "${name}"`, hintFor(name, [...defects.keys()]));
    return defect ? [defect] : [];
  });
  mistakes.check();
  const named = names.length === 0 ? [...defects.values()] : [...new Set(found)];
  const kept = named.filter((defect) => wave === undefined || defect.wave === Number(wave));
  if (kept.length === 0) {
    throw new SeaworthyError(
      "SW_USAGE",
      `no defect of wave ${wave} among ${names.length === 0 ? "those there are" : names.join(", ")}`,
      "seaworthy list defects",
    );
  }
  return kept;
}
