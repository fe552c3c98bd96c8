import type { RunAs } from "../../reports/record/plan.ts";
import { hash32 } from "../../scenarios/model/random.ts";
import type { AnyDefect } from "../catalog.ts";
import type { Request } from "../plan.ts";
import { type BalancerRequest, DEFAULT_BALANCER } from "../plan-balancer.ts";

/** How the reference system is brought up, in the words of the command line. */
export type SystemRequest = BalancerRequest & { readonly runAs?: RunAs | "auto" | undefined };

/** A scenario by itself, for healthy runs of what no defect needs. */
export interface Alone {
  readonly where: "nowhere";
  readonly caughtBy: { readonly scenario: string };
}

/**
 * The scenario and the faults that must bring a defect to light, with nothing switched on yet. A defect of the balancer
 * is proved against the same way in, set up well.
 */
export function requestFor(
  defect: AnyDefect | Alone,
  seed: number,
  cwd: string,
  { balancer, balance, runAs = "auto" }: SystemRequest = {},
): Request {
  const caughtBy: Partial<AnyDefect["caughtBy"]> & Alone["caughtBy"] = defect.caughtBy;
  const own = defect.where === "balancer" ? (defect.program ?? DEFAULT_BALANCER) : undefined;
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
    target: { kind: "reference", instances: 3, balancer: balancer ?? own, balance, runAs },
    cwd,
  };
}

/** The same for two requests that differ in nothing but the seed, so that they share their healthy runs. */
export function keyOf({ scenario, params, faults, timeScale, target }: Request): string {
  const scale = timeScale === undefined ? [] : [`x${timeScale}`];
  const { balancer, balance, runAs } = target.kind === "reference" ? target : {};
  const behind = [balancer, balance].filter((each) => each !== undefined);
  const way = behind.length === 0 ? [] : ["behind", ...behind];
  const place = runAs === "containers" ? ["in containers"] : [];
  return [scenario, ...[...params].sort(), ...faults, ...scale, ...way, ...place].join(" ");
}

/**
 * A seed of its own for every run, from the first seed and the run's name: what else is proved, and in which order, does
 * not change it.
 */
export function seedOf(seed: number, ...name: readonly (string | number)[]): number {
  return hash32("prove", seed, ...name) % 1_000_000;
}
