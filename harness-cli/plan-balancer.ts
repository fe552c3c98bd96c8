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
const DEFAULT: BalancerProgram = "nginx";

/** The balancer that a person asked for, or that the scenario or a defect is about; undefined: none. */
export function planBalancer(
  request: BalancerRequest,
  isWanted: boolean,
  defects: readonly AnyDefect[],
  mistakes: MistakeList,
): Balancer | undefined {
  const mistaken = defects.filter((defect) => defect.where === "balancer");
  const program = request.balancer ?? (isWanted || mistaken.length > 0 ? DEFAULT : undefined);
  const { balance = "round-robin" } = request;
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
  for (const { name, apply } of mistaken)
    planned = { ...apply(planned), defects: [...planned.defects, name] };
  return planned;
}

/** What balancer defects change in the servers behind it. */
export function settingsOfDefects(defects: readonly AnyDefect[]): Readonly<Record<string, string>> {
  return Object.assign({}, ...defects.map((defect) => (defect.where === "balancer" ? defect.settings : {})));
}

function isOneOf<T extends Balance | BalancerProgram>(names: readonly T[], name: string): name is T {
  return names.some((each) => each === name);
}
