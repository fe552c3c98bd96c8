import type { ProcessEvent } from "../../reports/record/history.ts";
import type { Plan } from "../../reports/record/plan.ts";
import type { Tools } from "../provision/tools.ts";
import { bringUpContainers } from "./containers/containers.ts";
import { meetExternal } from "./external.ts";
import { bringUpProcesses } from "./processes.ts";
import type { Supervisor } from "./supervisor.ts";
import type { RunningTarget } from "./target.ts";

/** Brings the plan's target up, or meets it where it is. Rejects with SW_START_FAILED when it does not answer. */
export function bringUp(options: {
  readonly plan: Plan;
  readonly tools: Tools;
  readonly runDir: string;
  readonly supervisor: Supervisor;
  readonly allowHosts: readonly string[];
  /** Of a reference system: the frame proxy on every link of clients, for faults by hand. */
  readonly framesEverywhere?: boolean;
  readonly signal: AbortSignal;
  readonly onEvent: (event: Omit<ProcessEvent, "kind" | "atMs">) => void;
}): Promise<RunningTarget> {
  const { target } = options.plan;
  if (target.kind === "external") return meetExternal(options);
  return target.runAs === "containers" ? bringUpContainers(options) : bringUpProcesses(options);
}
