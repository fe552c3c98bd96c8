import type { RunAs } from "../../reports/record/plan.ts";
import { hash32 } from "../../scenarios/model/random.ts";
import type { AnyDefect } from "../catalog.ts";
import type { Request } from "../plan.ts";

/** The scenario and the faults that must bring a defect to light, with nothing switched on yet. */
export function requestFor(
  { caughtBy }: AnyDefect,
  seed: number,
  { cwd, runAs = "auto" }: { readonly cwd: string; readonly runAs?: RunAs | "auto" | undefined },
): Request {
  return {
    scenario: caughtBy.scenario,
    params: Object.entries(caughtBy.params ?? {}).map(([key, value]) => `${key}=${value}`),
    faults: caughtBy.faults ?? [],
    defects: [],
    checks: [],
    limits: [],
    seed,
    timeScale: caughtBy.timeScale,
    engine: "k6",
    target: { kind: "reference", instances: 3, runAs },
    cwd,
  };
}

/** The same for two requests that differ in nothing but the seed, so that they share their healthy runs. */
export function keyOf({ scenario, params, faults, timeScale, target }: Request): string {
  const scale = timeScale === undefined ? [] : [`x${timeScale}`];
  const place = target.kind === "reference" && target.runAs === "containers" ? ["in containers"] : [];
  return [scenario, ...[...params].sort(), ...faults, ...scale, ...place].join(" ");
}

/**
 * A seed of its own for every run, from the first seed and the run's name: what else is proved, and in which order, does
 * not change it.
 */
export function seedOf(seed: number, ...name: readonly (string | number)[]): number {
  return hash32("prove", seed, ...name) % 1_000_000;
}
