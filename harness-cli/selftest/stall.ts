import { histogramOf, show } from "../../reports/measure.ts";
import { percentile } from "../../scenarios/model/histogram.ts";
import type { Beside, RunResult } from "../run.ts";
import { closedLoop, type Naive } from "./closed-loop.ts";
import type { Part } from "./part.ts";

/** Enough for a p99 (some 4,000 deliveries), little enough to leave the machine idle. */
export const STALL_PARAMS = [
  "clients=20",
  "roomSize=5",
  "rampMs=1s",
  "holdMs=13s",
  "publishEveryMs=250",
] as const;
export const STALL_CHECKS = ["generator-valid", "delivery-p99"] as const;

/** In the middle of the judged time (3 to 14 s). */
const FREEZE_AT_MS = 7_000;
const FREEZE_MS = 2_000;
/** Of what the schedule says the p99 must be: the load is a grid of 4 messages a second, not a line. */
const TOLERANCE = 0.9;

export interface Stall {
  /** As it really was. */
  readonly frozenMs: number;
  readonly naive: Naive | undefined;
}

/** Freezes the server for 2 s in the middle of the load, and lets a closed loop measure the same time beside it. */
export async function stall(stage: Beside, timeScale: number): Promise<Stall> {
  const server = stage.target.topology.processes.find(({ name }) => name === "server-1");
  if (!server) throw new Error("the reference target has no server-1");
  const naive = closedLoop(stage, timeScale);
  await stage.at(FREEZE_AT_MS);
  const fromMs = performance.now();
  await server.signal("SIGSTOP");
  try {
    await stage.at(stage.nowMs() + FREEZE_MS);
  } finally {
    await server.signal("SIGCONT");
  }
  return { frozenMs: performance.now() - fromMs, naive: await naive };
}

/**
 * The judged part of the load is open and even: of W ms of it, what fell due during a stall of F ms waits between F and
 * 0 ms, so 1 % of all waits longer than F - W/100. A p99 that is far below that has left the stall out.
 */
export function judgeStall(result: RunResult & { readonly run: string }, seen: Stall | undefined): Part {
  const { record, report, run } = result;
  const phase = report.phases.find(({ kind }) => kind === "baseline");
  const done = `server frozen for ${show(seen?.frozenMs ?? 0)} ms under open load`;
  const unknown = (found: string, figures: Part["figures"] = {}): Part => ({
    name: "stall",
    told: "unknown",
    done,
    found,
    figures,
    run,
  });
  if (report.ended.how !== "completed" || !phase || !seen) {
    return unknown(`the run did not come to its end (${report.ended.how})`);
  }
  const all = histogramOf(record, "delivery", phase.fromMs, phase.toMs);
  const p99Us = percentile(all, 0.99);
  if (p99Us === undefined) return unknown("nothing was delivered");
  const p99Ms = p99Us / 1_000;
  const dueMs = seen.frozenMs - (phase.toMs - phase.fromMs) / 100;
  const figures = {
    frozenMs: Math.round(seen.frozenMs),
    p99Ms,
    samples: all.total,
    ...(seen.naive
      ? { naiveP99Ms: seen.naive.p99Ms, naiveMaxMs: seen.naive.maxMs, naiveSamples: seen.naive.samples }
      : {}),
  };
  const naive = seen.naive
    ? `a closed loop, timed from its actual sends, says ${show(seen.naive.p99Ms)} ms (${show(seen.naive.samples)} samples)`
    : "a closed loop got nothing through";
  const found = `reported p99 ${show(p99Ms)} ms (${show(all.total)} samples, at least ${show(TOLERANCE * dueMs)} is the truth); ${naive}`;
  const verdict = (check: string) =>
    report.judgements.find((one) => one.check === check && one.phase === phase.name)?.verdict;
  const generator = verdict("generator-valid");
  const delivery = verdict("delivery-p99");
  if (p99Ms < TOLERANCE * dueMs) {
    if (generator?.status === "unknown") return unknown(`${found}; ${generator.why}`, figures);
    return { name: "stall", told: "lie", done, found, figures, run };
  }
  if (delivery?.status === "met") {
    // Seconds in which the machine was not fit are set aside, and the stall was in them.
    if (delivery.note?.includes("set aside")) return unknown(`${found}; ${delivery.note}`, figures);
    return { name: "stall", told: "lie", done, found: `${found}; and delivery-p99 was met`, figures, run };
  }
  return { name: "stall", told: "truth", done, found, figures, run };
}
