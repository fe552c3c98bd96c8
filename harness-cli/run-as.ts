import { Option } from "commander";
import type { External, Reference } from "../reports/record/plan.ts";
import type { BalancerTool, ToolName } from "./provision/tool.ts";

/** What a run does not look for on this machine, because it is in an image. */
export function unneededTools(target: Reference | External): readonly ToolName[] {
  return target.kind === "reference" && target.runAs === "containers"
    ? ["redis", "postgres", "toxiproxy"]
    : [];
}

/** What a run looks for besides, and fetches. */
export function neededBalancer(target: Reference | External): BalancerTool | undefined {
  return target.kind === "reference" && target.runAs !== "containers" ? target.balancer?.program : undefined;
}

/** For every command that brings the reference system up. */
export function runAsOption(): Option {
  return new Option(
    "--run-as <backend>",
    "the reference system as processes of this machine or as containers; auto: processes",
  ).choices(["auto", "processes", "containers"]);
}
