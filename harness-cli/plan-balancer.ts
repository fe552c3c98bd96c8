import {
  type Balance,
  type Balancer,
  type BalancerProgram,
  balancerPrograms,
  balances,
} from "../reports/record/balancer.ts";
import type { AnyDefect } from "./catalog.ts";
import type { MistakeList } from "./mistakes.ts";
import { hintFor } from "./names.ts";
import { healthyBalancer } from "./target/balancer/description.ts";

/** As a person wrote them. */
export interface BalancerRequest {
  readonly balancer?: string | undefined;
  readonly balance?: string | undefined;
}

/** Fetched without root, so it is there wherever a scenario or a defect wants a balancer. */
export const DEFAULT_BALANCER: BalancerProgram = "nginx";

/** The balancer that a person asked for, or that the scenario or a defect is about; undefined: none. */
export function planBalancer(
  request: BalancerRequest,
  wanted: Balance | undefined,
  defects: readonly AnyDefect[],
  mistakes: MistakeList,
): Balancer | undefined {
  const mistaken = defects.filter((defect) => defect.where === "balancer");
  const program = request.balancer ?? (wanted || mistaken.length > 0 ? DEFAULT_BALANCER : undefined);
  const balance = request.balance ?? wanted ?? "round-robin";
  if (program !== undefined && !isOneOf(balancerPrograms, program)) {
    mistakes.add("SW_UNKNOWN_NAME", `unknown balancer "${program}"`, hintFor(program, balancerPrograms));
    return undefined;
  }
  if (!isOneOf(balances, balance)) {
    mistakes.add("SW_UNKNOWN_NAME", `unknown --balance "${balance}"`, hintFor(balance, balances));
    return undefined;
  }
  if (program === undefined) {
    if (request.balance !== undefined)
      mistakes.add(
        "SW_USAGE",
        "--balance without a balancer",
        `add --balancer ${balancerPrograms.join(" or ")}`,
      );
    return undefined;
  }
  let planned = healthyBalancer(program, balance);
  for (const { name, apply, program: only } of mistaken) {
    if (only && only !== program) {
      mistakes.add(
        "SW_USAGE",
        `defect ${name} is nothing that ${program} can do`,
        `run it with --balancer ${only}`,
      );
    }
    planned = { ...apply(planned), defects: [...planned.defects, name] };
  }
  return planned;
}

/** What balancer defects change in the servers behind it. */
export function settingsOfDefects(defects: readonly AnyDefect[]): Readonly<Record<string, string>> {
  return Object.assign({}, ...defects.map((defect) => (defect.where === "balancer" ? defect.settings : {})));
}

function isOneOf<T extends Balance | BalancerProgram>(names: readonly T[], name: string): name is T {
  return names.some((each) => each === name);
}
