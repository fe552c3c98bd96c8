import { explains, type Fault } from "../../chaos/fault.ts";
import type { FaultWindow } from "../../chaos/timeline.ts";
import type { Reference } from "../../reports/record/plan.ts";
import { random } from "../../scenarios/model/random.ts";
import { fits, targetNames } from "../fault-spec.ts";

/** Short enough that hundreds fit into an hour, long enough that faults meet in the middle of each other. */
const BEGINS_WITHIN_MS = 2_000;
const LASTS_MS = [400, 2_500] as const;
const FAULTS_MAX = 5;

/**
 * Up to five faults of the catalogue with their own parameters, at random times on random targets; the same seed
 * gives the same ones. None that the plan itself would refuse: the same fault on one target comes once.
 */
export function randomSchedule(
  seed: number,
  faults: readonly Fault[],
  target: Reference,
  stretch = 1,
): FaultWindow[] {
  const draw = random(seed, "schedule", 0);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(draw() * from.length)] as T;
  const between = (low: number, high: number) => Math.round(low + draw() * (high - low));
  const names = targetNames(target);
  const possible = faults.filter((fault) => names[fault.on].some((name) => fits(fault, name)));
  const windows = new Map<string, FaultWindow>();
  const count = between(1, FAULTS_MAX);
  for (let index = 0; index < count; index++) {
    const fault = pick(possible);
    const fitting = names[fault.on].filter((name) => fits(fault, name));
    const where = pick(fitting);
    const fromMs = between(0, BEGINS_WITHIN_MS);
    const toMs = fromMs + between(...LASTS_MS) * stretch;
    const window = { index, fault: fault.name, target: where, params: fault.params, fromMs, toMs };
    windows.set(`${fault.name} ${where}`, { ...window, ...explains(fault, where) });
  }
  return [...windows.values()].map((window, index) => ({ ...window, index }));
}

/** `kill server-1 0.3-1.9 s, cut server-2/redis 1.0-2.2 s`. */
export function tellSchedule(windows: readonly FaultWindow[]): string {
  const s = (ms: number) => (ms / 1_000).toFixed(1);
  return windows
    .map(({ fault, target, fromMs, toMs }) => `${fault} ${target} ${s(fromMs)}-${s(toMs)} s`)
    .join(", ");
}
