import { percentile } from "../scenarios/model/histogram.ts";
import { histogramOf, ms, show } from "./measure.ts";
import type { RunRecord } from "./record/run-record.ts";

/**
 * What makes a second of the run useless for judging latency. Idle, k6 stays far below all of it (lateness p99 6 ms,
 * timers 1.3 to 6 ms at p99).
 */
export const SECOND_LIMITS = {
  /** Half of D1's 100 ms: beyond it a red latency could be the generator's own. */
  latenessP99Ms: 50,
  /** D1 itself: arrivals are stamped outside the loop, so its lag only delays what the clients do next. */
  loopLagP99Ms: 100,
  /** A machine this full makes everything on it wait, the target too: whose fault a late answer is cannot be told. */
  cpuPercent: 95,
  /** CPU time that the hypervisor gave to others: from here on stalls of 100 ms and more were seen. */
  stolenPercent: 20,
} as const;

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

  // A sample speaks of the second before it.
  const sample = record.samples.machine.find(({ atMs }) => atMs > fromMs + 500 && atMs <= fromMs + 1_500);
  const machine = (why: string): UnfitSecond => ({ second, of: "machine", why });
  const stolenPercent = 100 * (sample?.stolen ?? 0);
  if (stolenPercent >= SECOND_LIMITS.stolenPercent) {
    return machine(`${show(stolenPercent)} % of the CPU was taken away by the hypervisor`);
  }
  const cpuPercent = 100 * (sample?.cpu ?? 0);
  if (cpuPercent >= SECOND_LIMITS.cpuPercent)
    return machine(`the machine's CPU was ${show(cpuPercent)} % busy`);
  return undefined;
}
