import type { FaultWindow } from "../chaos/timeline.ts";
import type { Check } from "../reports/check.ts";
import type { External, PhaseKind, Plan, PlannedCheck, Reference } from "../reports/record/plan.ts";
import { hash32 } from "../scenarios/model/random.ts";
import type { Params, Scenario } from "../scenarios/model/scenario.ts";
import { type AnyDefect, type Catalog, find } from "./catalog.ts";
import { parseFaultSpec, planFault } from "./fault-spec.ts";
import { MistakeList } from "./mistakes.ts";
import { hintFor } from "./names.ts";
import { checkParams, parseParams } from "./params.ts";

/** What a person asked for, as they wrote it. */
export interface Request {
  readonly scenario: string;
  /** `key=value`. */
  readonly params: readonly string[];
  /** `name@10s..20s:target,…`; none: the scenario's own. */
  readonly faults: readonly string[];
  readonly defects: readonly string[];
  /** Only these checks; none: the scenario's own. */
  readonly checks: readonly string[];
  /** `check=value` or `check.phase=value`. */
  readonly limits: readonly string[];
  readonly seed: number;
  readonly timeScale: number;
  readonly target: { readonly kind: "reference"; readonly instances: number } | External;
  /** Where relative paths of a user's own files start. */
  readonly cwd: string;
}

const PHASE_KINDS: readonly PhaseKind[] = ["baseline", "fault", "recovery", "final"];
/** Needs the reference server's database. */
const STORE_CHECKS = ["no-phantom"];
/** Needs a Prometheus endpoint with the series of D48. */
const METRIC_CHECKS = ["send-queue-depth"];

/** The complete plan of a request: every default applied, every victim drawn. Throws all `Mistakes` together. */
export async function plan(request: Request, catalog: Catalog): Promise<Plan> {
  const mistakes = new MistakeList();
  const { seed, timeScale, cwd } = request;
  if (!(timeScale >= 0.01 && timeScale <= 10)) {
    mistakes.add(
      "SW_USAGE",
      `--time-scale ${timeScale} is out of range`,
      "choose 0.01 to 10; 0.1 makes every timer ten times shorter",
    );
  }
  const scenario = await mistakes.take(find("scenario", request.scenario, catalog.scenarios, cwd));
  const defects = await findDefects(request, catalog, mistakes);
  const target = planTarget(request, defects, mistakes);
  // Without a scenario nothing below can be said; what is wrong with the rest of the line is still worth saying.
  if (!scenario) {
    for (const text of request.faults) {
      const spec = parseFaultSpec(text, mistakes);
      if (spec) await mistakes.take(find("fault", spec.fault, catalog.faults, cwd));
    }
    mistakes.check();
    throw new Error("unreachable: an unknown scenario is a mistake");
  }

  const params = {
    ...parseParams(`scenario ${scenario.name}`, request.params, scenario, mistakes),
    ...Object.assign({}, ...defects.map((defect) => (defect.where === "client" ? defect.params : {}))),
  };
  for (const defect of defects) {
    if (defect.where === "client")
      checkParams(`defect ${defect.name}`, { ...scenario.params, ...defect.params }, scenario, mistakes);
  }
  const timing = scenario.timing(params);
  const clients = Object.values(scenario.roles(params)).reduce((sum, role) => sum + role.load.clients, 0);
  const faults = request.faults.length > 0 ? request.faults : (scenario.faults?.(params) ?? []);
  const timeline = await planTimeline(
    faults,
    { catalog, target, seed, runMs: timing.publishUntilMs, cwd },
    mistakes,
  );
  const checks = await planChecks(request, scenario, target, catalog, mistakes);
  mistakes.check();
  return {
    format: 1,
    seed,
    nonce: hash32(seed, "nonce").toString(36).padStart(6, "0").slice(-6),
    timeScale,
    scenario: { name: request.scenario, params },
    engine: "k6",
    timing,
    clients,
    clientDefects: defects.filter((defect) => defect.where === "client").map((defect) => defect.name),
    target,
    timeline,
    checks,
  };
}

async function findDefects(request: Request, catalog: Catalog, mistakes: MistakeList): Promise<AnyDefect[]> {
  const found: AnyDefect[] = [];
  for (const name of request.defects) {
    const defect = catalog.defects.get(name);
    if (defect) found.push(defect);
    else
      mistakes.add("SW_UNKNOWN_NAME", `unknown defect "${name}"`, hintFor(name, [...catalog.defects.keys()]));
  }
  return found;
}

function planTarget(
  request: Request,
  defects: readonly AnyDefect[],
  mistakes: MistakeList,
): Reference | External {
  const { target } = request;
  const serverDefects = defects.filter((defect) => defect.where === "server").map((defect) => defect.name);
  if (target.kind === "external") {
    if (serverDefects.length > 0) {
      mistakes.add(
        "SW_USAGE",
        `defect ${serverDefects.join(", ")} is a switch of the reference server, and --url names another system`,
        "leave out --defect, or leave out --url",
      );
    }
    return target;
  }
  if (!Number.isInteger(target.instances) || target.instances < 1 || target.instances > 9) {
    mistakes.add("SW_USAGE", `--instances ${target.instances} is out of range`, "choose 1 to 9");
  }
  return { kind: "reference", instances: target.instances, defects: serverDefects, runAs: "processes" };
}

async function planTimeline(
  faults: readonly string[],
  context: { catalog: Catalog; target: Reference | External; seed: number; runMs: number; cwd: string },
  mistakes: MistakeList,
): Promise<FaultWindow[]> {
  const windows: FaultWindow[] = [];
  for (const text of faults) {
    const spec = parseFaultSpec(text, mistakes);
    if (!spec) continue;
    const fault = await mistakes.take(find("fault", spec.fault, context.catalog.faults, context.cwd));
    if (fault) windows.push(...planFault(spec, fault, { ...context, index: windows.length }, mistakes));
  }
  refuseOverlaps(windows, mistakes);
  return windows;
}

/** Two of the same on one target cannot be told apart: the first undo ends both. Latencies add up, and may. */
function refuseOverlaps(windows: readonly FaultWindow[], mistakes: MistakeList): void {
  for (const [i, later] of windows.entries()) {
    const clash = windows
      .slice(0, i)
      .find(
        (earlier) =>
          earlier.fault === later.fault &&
          earlier.target === later.target &&
          earlier.fault !== "latency" &&
          earlier.fromMs < later.toMs &&
          later.fromMs < earlier.toMs,
      );
    if (clash) {
      mistakes.add(
        "SW_BAD_FAULT_WINDOW",
        `two windows of ${later.fault} on ${later.target} overlap`,
        "make one window of them, or let one end before the other begins",
      );
    }
  }
}

async function planChecks(
  request: Request,
  scenario: Scenario<Params>,
  target: Reference | External,
  catalog: Catalog,
  mistakes: MistakeList,
): Promise<PlannedCheck[]> {
  const overrides = parseLimits(request.limits, catalog, mistakes);
  const planned: PlannedCheck[] = [];
  const asked = request.checks.length > 0;
  for (const name of asked ? request.checks : scenario.checks) {
    const check = await mistakes.take<Check>(find("check", name, catalog.checks, request.cwd));
    // An external system is judged by what can be seen of it; a check asked for by name stays, and says unknown.
    if (!check || (!asked && !canJudge(name, target))) continue;
    planned.push({ name, limits: { ...check.limits, ...limitsFor(check, overrides) } });
  }
  for (const { check } of overrides) {
    if (catalog.checks.has(check) && !planned.some((entry) => entry.name === check)) {
      mistakes.add(
        "SW_USAGE",
        `--limit names check ${check}, which this run is not judged by`,
        `add --check ${check}`,
      );
    }
  }
  return planned;
}

function canJudge(check: string, target: Reference | External): boolean {
  if (target.kind === "reference") return true;
  if (STORE_CHECKS.includes(check)) return false;
  return !METRIC_CHECKS.includes(check) || target.metricsUrls.length > 0;
}

interface LimitOverride {
  readonly check: string;
  readonly phase?: PhaseKind;
  readonly value: number;
}

function parseLimits(texts: readonly string[], catalog: Catalog, mistakes: MistakeList): LimitOverride[] {
  return texts.flatMap((text) => {
    const [, check, phase, number] = /^([^.=]+)(?:\.([^=]+))?=(.+)$/.exec(text) ?? [];
    const value = Number(number);
    if (!check || !Number.isFinite(value)) {
      mistakes.add(
        "SW_USAGE",
        `cannot read --limit "${text}"`,
        "the form is check=value or check.phase=value, for example delivery-p99.baseline=50",
      );
      return [];
    }
    if (!catalog.checks.has(check)) {
      mistakes.add("SW_UNKNOWN_NAME", `unknown check "${check}"`, hintFor(check, [...catalog.checks.keys()]));
      return [];
    }
    if (phase !== undefined && !PHASE_KINDS.includes(phase as PhaseKind)) {
      mistakes.add("SW_UNKNOWN_NAME", `unknown phase "${phase}"`, hintFor(phase, PHASE_KINDS));
      return [];
    }
    return [{ check, value, ...(phase ? { phase: phase as PhaseKind } : {}) }];
  });
}

/** A limit without a phase applies to every phase that the check judges. */
function limitsFor(check: Check, overrides: readonly LimitOverride[]): Partial<Record<PhaseKind, number>> {
  const limits: Partial<Record<PhaseKind, number>> = {};
  for (const { phase, value } of overrides.filter((override) => override.check === check.name)) {
    for (const kind of phase ? [phase] : (Object.keys(check.limits) as PhaseKind[])) limits[kind] = value;
  }
  return limits;
}
