import { explains, type Fault } from "../chaos/fault.ts";
import type { FaultWindow } from "../chaos/timeline.ts";
import type { External, Reference } from "../reports/record/plan.ts";
import { random } from "../scenarios/model/random.ts";
import { parseDurationMs } from "./duration.ts";
import type { MistakeList } from "./mistakes.ts";
import { hintFor } from "./names.ts";
import { parseParams } from "./params.ts";

/** `latency@10s..20s:server-any/postgres,latencyMs=200`: the fault, its window, its target, its parameters. */
export interface FaultSpec {
  readonly text: string;
  readonly fault: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly target: string;
  readonly params: readonly string[];
}

export const FAULT_FORM =
  "name@10s..20s:target[,key=value…], for example latency@10s..20s:server-1/redis,latencyMs=200";

/** Undefined, with the mistake noted, when the text has another form. */
export function parseFaultSpec(text: string, mistakes: MistakeList): FaultSpec | undefined {
  const match =
    /^(?<fault>[^@]+)@(?<from>[^.]+(?:\.\d+\w+)?)\.\.(?<to>[^:]+):(?<target>[^,]+)(?:,(?<params>.*))?$/.exec(
      text,
    );
  const { fault, from, to, target, params } = match?.groups ?? {};
  const fromMs = parseDurationMs(from ?? "");
  const toMs = parseDurationMs(to ?? "");
  if (!fault || !target || fromMs === undefined || toMs === undefined) {
    mistakes.add("SW_BAD_FAULT_WINDOW", `cannot read --fault "${text}"`, `the form is ${FAULT_FORM}`);
    return undefined;
  }
  return { text, fault, fromMs, toMs, target, params: params ? params.split(",") : [] };
}

/** Every name that a fault may be aimed at, by what it is. */
export function targetNames(target: Reference | External): {
  link: string[];
  process: string[];
  store: string[];
} {
  if (target.kind === "external") {
    return { link: target.urls.map((_, i) => `server-${i + 1}/clients`), process: [], store: [] };
  }
  const servers = Array.from({ length: target.instances }, (_, i) => `server-${i + 1}`);
  return {
    link: servers.flatMap((server) => ["clients", "redis", "postgres"].map((end) => `${server}/${end}`)),
    process: [...servers, "redis", "postgres"],
    store: ["redis", "postgres"],
  };
}

/**
 * Fault windows from one spec: `server-any` is a victim drawn by the seed, `server-all` makes one window for each.
 * Notes every mistake: an unknown target or parameter, a window that is empty or outside the run.
 */
export function planFault(
  spec: FaultSpec,
  fault: Fault,
  context: { target: Reference | External; seed: number; runMs: number; index: number },
  mistakes: MistakeList,
): FaultWindow[] {
  if (spec.fromMs >= spec.toMs || spec.toMs > context.runMs) {
    mistakes.add(
      "SW_BAD_FAULT_WINDOW",
      `the window of --fault "${spec.text}" ${spec.fromMs >= spec.toMs ? "is empty" : "lies outside the run"}`,
      `choose two times, the first smaller, between 0s and ${context.runMs / 1_000}s, when publishing stops`,
    );
  }
  const params = parseParams(`fault ${fault.name}`, spec.params, fault, mistakes);
  return victims(spec.target, fault, context, mistakes).map((target, i) => ({
    index: context.index + i,
    fault: spec.fault,
    target,
    params,
    fromMs: spec.fromMs,
    toMs: spec.toMs,
    ...explains(fault, target),
  }));
}

function victims(
  name: string,
  fault: Fault,
  context: { target: Reference | External; seed: number; index: number },
  mistakes: MistakeList,
): string[] {
  const names = targetNames(context.target)[fault.on];
  if (names.includes(name)) return [name];
  const [, which, rest = ""] = /^server-(any|all)(\/.+)?$/.exec(name) ?? [];
  const matching = names.filter(
    (candidate) =>
      candidate.startsWith("server-") &&
      candidate.endsWith(rest) &&
      (rest !== "" || !candidate.includes("/")),
  );
  if (which === "all" && matching.length > 0) return matching;
  if (which === "any" && matching.length > 0) {
    const draw = random(context.seed, "victim", context.index)();
    return [matching[Math.floor(draw * matching.length)] as string];
  }
  const choices = names.length > 0 ? [...names, "server-any", "server-all"] : [];
  mistakes.add(
    "SW_UNKNOWN_NAME",
    `fault ${fault.name} acts on a ${fault.on}, and no ${fault.on} is called "${name}"`,
    choices.length > 0 ? hintFor(name, choices) : `this target has no ${fault.on} that the harness can reach`,
  );
  return [];
}
