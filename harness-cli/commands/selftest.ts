import path from "node:path";
import { type Command, Option } from "commander";
import type { LoadEngine } from "../../reports/record/plan.ts";
import { wrap } from "../../reports/render/text.ts";
import { type Catalog, loadCatalog } from "../catalog.ts";
import { exitCodeOf } from "../exit-codes.ts";
import type { Action } from "../main.ts";
import { plan } from "../plan.ts";
import { type Progress, progressOn } from "../progress.ts";
import { type Beside, type RunResult, run } from "../run.ts";
import {
  GENERATOR_CHECKS,
  GENERATOR_PARAMS,
  judgeOverload,
  judgeWithin,
  overload,
} from "../selftest/generator.ts";
import { exitOfParts, type Part } from "../selftest/part.ts";
import { judgeStall, STALL_CHECKS, STALL_PARAMS, type Stall, stall } from "../selftest/stall.ts";
import { wholeNumber } from "../whole-number.ts";
import type { World } from "../world.ts";

interface Options {
  readonly engine: LoadEngine;
  readonly seed: number;
  readonly out: string;
  readonly json?: boolean;
}

/** What a self-test needs to run the real thing. */
interface Bench {
  readonly world: World;
  readonly catalog: Catalog;
  readonly progress: Progress;
  readonly options: Options;
}

export function selftest(program: Command, world: World, done: Action): void {
  const command = program
    .command("selftest")
    .description("make the instrument measure what is known, and see whether it tells the truth");
  const add = (name: string, description: string, of: (bench: Bench) => Promise<Part[]>) =>
    command
      .command(name)
      .description(`${description}; exit 0: it did, 1: it did not, 3: the machine made it impossible to say`)
      .addOption(
        new Option("--engine <engine>", "who plays the clients").choices(["k6", "native"]).default("k6"),
      )
      .option("--seed <n>", "the first run's seed", wholeNumber, 1)
      .option("--out <folder>", "where runs are kept; these go to selftest/ in it", "runs")
      .option("--json", "print JSON instead of text")
      .action(async (options: Options) => {
        using progress = progressOn(world.stderr, options.json === true);
        const catalog = await loadCatalog();
        try {
          const parts = await of({ world, catalog, progress, options });
          world.stdout.write(
            options.json ? `${JSON.stringify({ format: 1, parts }, null, 2)}\n` : parts.map(tell).join("\n"),
          );
          done(exitOfParts(parts));
        } catch (error) {
          if (!(error instanceof Stopped)) throw error;
          done(130);
        }
      });
  add("stall", "freeze the server for 2 s under open load: the reported p99 must contain it", stallParts);
  add(
    "generator",
    "overload the generator on purpose: the run must be invalid, and else valid",
    generatorParts,
  );
}

async function stallParts(bench: Bench): Promise<Part[]> {
  let seen: Stall | undefined;
  const result = await runOne(bench, 0, STALL_PARAMS, STALL_CHECKS, async (stage) => {
    seen = await stall(stage, 1);
  });
  return [judgeStall(result, seen)];
}

async function generatorParts(bench: Bench): Promise<Part[]> {
  const overloaded = await runOne(bench, 0, GENERATOR_PARAMS, GENERATOR_CHECKS, overload);
  const within = await runOne(bench, 1, GENERATOR_PARAMS, GENERATOR_CHECKS);
  return [judgeOverload(overloaded), judgeWithin(within)];
}

class Stopped extends Error {}

/** A ramp on one instance of the reference server, as every user runs it. */
async function runOne(
  { world, catalog, progress, options }: Bench,
  number: number,
  params: readonly string[],
  checks: readonly string[],
  beside?: (stage: Beside) => Promise<void>,
): Promise<RunResult & { readonly run: string }> {
  const planned = await plan(
    {
      scenario: "ramp",
      params,
      faults: [],
      defects: [],
      checks,
      limits: [],
      seed: options.seed + number,
      timeScale: 1,
      engine: options.engine,
      target: { kind: "reference", instances: 1 },
      cwd: world.cwd,
    },
    catalog,
  );
  const runsDir = path.resolve(world.cwd, options.out, "selftest");
  const result = await run(planned, {
    world,
    catalog,
    runsDir,
    progress,
    allowHosts: [],
    ...(beside ? { beside } : {}),
  });
  if (exitCodeOf(result.report.ended, result.report.overall) === 130) throw new Stopped();
  return { ...result, run: path.basename(result.dir) };
}

const WORDS = { truth: "TRUE", lie: "FALSE", unknown: "UNKNOWN" } as const;

function tell({ name, told, done, found, run }: Part): string {
  const lines = [`${WORDS[told]}  ${name}`, ...wrap(done, 100, "  "), ...wrap(found, 100, "  ")];
  return `${lines.join("\n")}\n  run selftest/${run}\n`;
}
