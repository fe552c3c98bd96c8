import { percentile } from "../scenarios/model/histogram.ts";
import { SECOND_LIMITS } from "./generator-limits.ts";
import { histogramOf, ms, show } from "./measure.ts";
import type { RunRecord } from "./record/run-record.ts";
import type { MachineSample } from "./record/samples.ts";

export interface UnfitSecond {
  readonly second: number;
  /** Was it the generator that did not keep up, or the machine under generator and target alike? */
  readonly of: "generator" | "machine";
  readonly why: string;
}

/** The seconds of [fromMs, toMs) in which the generator or its machine was not fit, in order. */
export function unfitSeconds(record: RunRecord, fromMs: number, toMs: number): UnfitSecond[] {
  const unfit: UnfitSecond[] = [];
  for (let second = Math.floor(fromMs / 1_000); second * 1_000 < toMs; second++) {
    const found = fitnessOf(record, second);
    if (found) unfit.push(found);
  }
  return unfit;
}

function fitnessOf(record: RunRecord, second: number): UnfitSecond | undefined {
  const fromMs = second * 1_000;
  const p99Ms = (metric: "lateness" | "loopLag"): number =>
    ms(percentile(histogramOf(record, metric, fromMs, fromMs + 1_000), 0.99) ?? 0);
  const latenessMs = p99Ms("lateness");
  const lagMs = p99Ms("loopLag");
  const wasThere = histogramOf(record, "loopLag", fromMs, fromMs + 1_000).total > 0;
  const generator = (why: string): UnfitSecond => ({ second, of: "generator", why });
  if (!wasThere) return generator("no word about its event loop");
  if (latenessMs > SECOND_LIMITS.latenessP99Ms) return generator(`sends ${show(latenessMs)} ms late at p99`);
  if (lagMs > SECOND_LIMITS.loopLagP99Ms) return generator(`event loop ${show(lagMs)} ms late at p99`);

  const sample = sampleOf(record, second);
  const full = sample && fullEngine(record, sample);
  if (full) return generator(full);
  const why = sample && shortOfCpu(sample);
  return why === undefined ? undefined : { second, of: "machine", why };
}

/** A sample speaks of the second before it. */
function sampleOf({ samples }: RunRecord, second: number): MachineSample | undefined {
  const fromMs = second * 1_000;
  return samples.machine.find(({ atMs }) => atMs > fromMs + 500 && atMs <= fromMs + 1_500);
}

/** The longest for which the hypervisor can have kept anything waiting in this second: all that it took from one core. ms. */
export function stolenMs(record: RunRecord, second: number): number {
  const { stolen = 0, cores = 1 } = sampleOf(record, second) ?? {};
  return Math.min(1, stolen * cores) * 1_000;
}

/** Why nobody can say whose fault a late answer was in the second before this sample, if nobody can. */
export function shortOfCpu(sample: MachineSample): string | undefined {
  const { stolen = 0, cpu = 0 } = sample;
  if (100 * stolen >= SECOND_LIMITS.stolenPercent) {
    return `${show(100 * stolen)} % of the CPU was taken away by the hypervisor`;
  }
  if (100 * cpu >= SECOND_LIMITS.cpuPercent) return `the machine's CPU was ${show(100 * cpu)} % busy`;
  return longWait(sample);
}

/** Which process waited for a core, the longest of them. */
function longWait({ processWaitMs = {}, processTurns = {} }: MachineSample): string | undefined {
  const [longest] = Object.entries(processWaitMs)
    .map(([name, waitMs]) => ({ name, waitMs, perTurnMs: waitMs / Math.max(1, processTurns[name] ?? 0) }))
    .filter(
      ({ waitMs, perTurnMs }) => waitMs >= SECOND_LIMITS.waitMs && perTurnMs >= SECOND_LIMITS.waitPerTurnMs,
    )
    .sort((a, b) => b.waitMs - a.waitMs);
  if (!longest) return undefined;
  return `${longest.name} waited ${show(longest.waitMs)} ms for a core, ${show(longest.perTurnMs)} ms each time`;
}

/** Which engine used all the CPU that it can: one core for each thread of the native one, every core for k6. */
function fullEngine(record: RunRecord, sample: MachineSample): string | undefined {
  const { hellos } = record.ledger;
  for (const engine of new Set(hellos.map((hello) => hello.engine))) {
    const threads = hellos.filter((hello) => hello.engine === engine).length;
    const cores = engine === "native" ? threads : sample.cores;
    // What was not measured is not held against anyone.
    const percent = (100 * (sample.processCpu[engine] ?? 0)) / (cores ?? Number.POSITIVE_INFINITY);
    if (percent >= SECOND_LIMITS.engineCpuPercent) {
      return `the ${engine} engine used ${show(percent)} % of the CPU that it can use`;
    }
  }
  return undefined;
}
