import { showCondition } from "../chaos/condition.ts";
import type { FaultWindow } from "../chaos/timeline.ts";
import type { Check } from "../reports/check.ts";
import { GENERATOR_CHECK } from "../reports/judge.ts";
import type {
  External,
  LoadEngine,
  PhaseKind,
  Plan,
  PlannedCheck,
  PlannedRole,
  Reference,
  RunAs,
} from "../reports/record/plan.ts";
import { hash32 } from "../scenarios/model/random.ts";
import type { Params, Scenario } from "../scenarios/model/scenario.ts";
import { capsOf, checkCaps } from "./caps.ts";
import { type AnyDefect, type Catalog, find } from "./catalog.ts";
import { parseFaultCommands, requireCommands } from "./fault-commands.ts";
import { type FaultContext, parseFaultSpec, planFault } from "./fault-spec.ts";
import { MistakeList } from "./mistakes.ts";
import { hintFor } from "./names.ts";
import { checkParams, parseParams } from "./params.ts";
import { type BalancerRequest, planBalancer, settingsOfDefects } from "./plan-balancer.ts";

/** What a person asked for, as they wrote it. */
export interface Request {
  readonly scenario: string;
  /** `key=value`. */
  readonly params: readonly string[];
  /** `name@10s..20s:target,…`; none: the scenario's own. */
  readonly faults: readonly string[];
  /** `target.inject=command line`: what a fault of the user's own does. */
  readonly faultCommands?: readonly string[];
  readonly defects: readonly string[];
  /** Only these checks, and the one of the load itself; none: the scenario's own. */
  readonly checks: readonly string[];
  /** `check=value` or `check.phase=value`. */
  readonly limits: readonly string[];
  readonly seed: number;
  /** Undefined: the scenario's own. */
  readonly timeScale?: number | undefined;
  /** Plays every role that does not name one of its own. */
  readonly engine: LoadEngine;
  readonly target:
    | ({
        readonly kind: "reference";
        readonly instances: number;
        readonly runAs?: RunAs | "auto";
      } & BalancerRequest)
    | Omit<External, "caps">;
  /** For a system off this machine; undefined: the safe defaults. */
  readonly maxConnections?: number | undefined;
  readonly maxRate?: number | undefined;
  /** Subscriptions of the probe, 0 for none; absent: some, where it disturbs nobody. */
  readonly probe?: number;
  /** Where relative paths of a user's own files start. */
  readonly cwd: string;
}

const PHASE_KINDS: readonly PhaseKind[] = ["baseline", "fault", "recovery", "final"];
/** Needs the reference server's database. */
const STORE_CHECKS = ["no-phantom"];
/** Needs a Prometheus endpoint with the series of D48. */
const METRIC_CHECKS = ["send-queue-depth", "connection-gauge", "queued-bytes", "leftovers"];

/** The complete plan of a request: every default applied, every victim drawn. Throws all `Mistakes` together. */
export async function plan(request: Request, catalog: Catalog): Promise<Plan> {
  const mistakes = new MistakeList();
  const { seed, cwd } = request;
  const scenario = await mistakes.take(find("scenario", request.scenario, catalog.scenarios, cwd));
  const timeScale = request.timeScale ?? scenario?.timeScale ?? 1;
  if (!(timeScale >= 0.01 && timeScale <= 10)) {
    mistakes.add(
      "SW_USAGE",
      `--time-scale ${timeScale} is out of range`,
      "choose 0.01 to 10; 0.1 makes every timer ten times shorter",
    );
  }
  const defects = await findDefects(request, catalog, mistakes);
  const target = planTarget(request, scenario, defects, mistakes);
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
  const settings = { ...scenario.reference?.(params), ...settingsOfDefects(defects) };
  const hasSettings = target.kind === "reference" && Object.keys(settings).length > 0;
  const timing = scenario.timing(params, timeScale);
  const roles = planRoles(scenario, params, request.engine);
  const clients = roles.reduce((sum, role) => sum + role.clients, 0);
  if (target.kind === "external") checkCaps(target, clients, params, mistakes);
  const checks = await planChecks(request, scenario, target, catalog, mistakes);
  const isAsked = request.faults.length > 0;
  const faults = isAsked ? request.faults : (scenario.faults?.(params) ?? []);
  const inFaults = new MistakeList();
  const timeline = await planTimeline(
    faults,
    {
      catalog,
      target,
      seed,
      runMs: timing.publishUntilMs,
      warmUpMs: timing.warmUpMs,
      deliveryP99Ms: baselineP99Ms(checks, catalog),
      commands: parseFaultCommands(request.faultCommands ?? [], mistakes),
      cwd,
    },
    inFaults,
  );
  const isForeign = !isAsked && target.kind === "external" && catalog.scenarios.has(request.scenario);
  if (isForeign) addOwnFaultMistakes(scenario, faults, inFaults, mistakes);
  else mistakes.addAll(inFaults.noted);
  const probed = planProbe(request, roles, timeline, mistakes);
  mistakes.check();
  return {
    format: 1,
    seed,
    nonce: hash32(seed, "nonce").toString(36).padStart(6, "0").slice(-6),
    timeScale,
    scenario: { name: request.scenario, params },
    engine: request.engine,
    timing,
    clients: roles.reduce((sum, role) => sum + role.clients, 0),
    roles,
    clientDefects: defects.filter((defect) => defect.where === "client").map((defect) => defect.name),
    target: hasSettings ? { ...target, settings } : target,
    ...(probed > 0 ? { probe: { subscriptions: probed } } : {}),
    timeline,
    checks,
  };
}

/** Who plays what; the order gives the clients their numbers. */
export function planRoles(scenario: Scenario, params: Params, engine: LoadEngine): PlannedRole[] {
  return Object.entries(scenario.roles(params)).map(([name, role]) => ({
    name,
    clients: role.load.clients,
    ...("exam" in role
      ? { engine: "native" as const, provokes: [], asks: role.asks }
      : { engine: role.engine ?? engine, provokes: role.provokes ?? [] }),
  }));
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
  scenario: Scenario | undefined,
  defects: readonly AnyDefect[],
  mistakes: MistakeList,
): Reference | External {
  const { target } = request;
  const serverDefects = defects.filter((defect) => defect.where === "server").map((defect) => defect.name);
  if (target.kind === "external") {
    for (const { name, where } of defects) {
      if (where !== "balancer") continue;
      mistakes.add(
        "SW_USAGE",
        `defect ${name} is a setting of our own balancer, and --url names another system`,
        "leave out --defect, or leave out --url",
      );
    }
    if (serverDefects.length > 0) {
      mistakes.add(
        "SW_USAGE",
        `defect ${serverDefects.join(", ")} is a switch of the reference server, and --url names another system`,
        "leave out --defect, or leave out --url",
      );
    }
    const caps = capsOf(target, request);
    return { ...target, ...(caps ? { caps } : {}) };
  }
  if (!Number.isInteger(target.instances) || target.instances < 1 || target.instances > 9) {
    mistakes.add("SW_USAGE", `--instances ${target.instances} is out of range`, "choose 1 to 9");
  }
  const balancer = planBalancer(target, scenario?.balancer, defects, mistakes);
  // Processes start in a second, need no daemon, and are what every figure of ours was measured with.
  const runAs = target.runAs === "containers" ? "containers" : "processes";
  return {
    kind: "reference",
    instances: target.instances,
    defects: serverDefects,
    ...(balancer ? { balancer } : {}),
    runAs,
  };
}

/** As many listeners as measure a p99 in seconds and cost nothing (10 to 20: facts of the load). */
const PROBE_SUBSCRIPTIONS = 10;
const PROBE_SUBSCRIPTIONS_MAX = 20;
/** One listener for so many clients: what it adds to the fan-out stays below what the seed's draws do. */
const CLIENTS_A_PROBE = 10;

/**
 * Beside k6 only: the native engine needs no second witness. A system of somebody else gets one only when asked: its
 * users would be users that it may not know.
 */
function planProbe(
  { probe, target }: Request,
  roles: readonly PlannedRole[],
  timeline: readonly FaultWindow[],
  mistakes: MistakeList,
): number {
  if (probe !== undefined && !(Number.isInteger(probe) && probe >= 0 && probe <= PROBE_SUBSCRIPTIONS_MAX)) {
    mistakes.add(
      "SW_USAGE",
      `--probe ${probe} is out of range`,
      `choose 0 to ${PROBE_SUBSCRIPTIONS_MAX} subscriptions`,
    );
  }
  if (!roles.some(({ engine }) => engine === "k6")) return 0;
  if (probe !== undefined) return probe;
  if (target.kind === "external") return 0;
  // It would be drawn as a victim like any other connection, and nobody judges what it loses.
  if (timeline.some(({ frames }) => frames)) return 0;
  const clients = roles.reduce((sum, role) => sum + role.clients, 0);
  return Math.min(PROBE_SUBSCRIPTIONS, Math.ceil(clients / CLIENTS_A_PROBE));
}

async function planTimeline(
  faults: readonly string[],
  context: FaultContext & { readonly catalog: Catalog; readonly cwd: string },
  mistakes: MistakeList,
): Promise<FaultWindow[]> {
  const windows: FaultWindow[] = [];
  const stacking = new Set<string>();
  for (const text of faults) {
    const spec = parseFaultSpec(text, mistakes);
    if (!spec) continue;
    const fault = await mistakes.take(find("fault", spec.fault, context.catalog.faults, context.cwd));
    if (!fault) continue;
    if (fault.stacks) stacking.add(spec.fault);
    windows.push(...planFault(spec, fault, { ...context, index: windows.length }, mistakes));
  }
  requireCommands(windows, context.commands, mistakes);
  refuseOverlaps(windows, stacking, mistakes);
  return windows;
}

/** A scenario's own faults on a system that has no such parts: nothing was mistyped, so it is said once, and of whom. */
function addOwnFaultMistakes(
  { name }: Scenario,
  faults: readonly string[],
  { noted }: MistakeList,
  mistakes: MistakeList,
): void {
  mistakes.addAll(noted.filter(({ code }) => code !== "SW_UNKNOWN_NAME"));
  if (noted.every(({ code }) => code !== "SW_UNKNOWN_NAME")) return;
  mistakes.add(
    "SW_USAGE",
    `${name} brings faults of its own that act on parts of the reference system: ${faults.join(" ")}`,
    "break your own system instead: --fault cut@10s..12s:server-1/clients, or a command of your own",
  );
}

/** The limit that the run itself sets to a baseline; without one, what the check has. */
function baselineP99Ms(checks: readonly PlannedCheck[], catalog: Catalog): number {
  const planned = checks.find(({ name }) => name === "delivery-p99")?.limits.baseline;
  return planned ?? catalog.checks.get("delivery-p99")?.limits.baseline ?? Number.MAX_SAFE_INTEGER;
}

/**
 * Two of the same on one target cannot be told apart: the first undo ends both. Where the plan cannot know (windows
 * that wait for different conditions), the run refuses the second.
 */
function refuseOverlaps(
  windows: readonly FaultWindow[],
  stacking: ReadonlySet<string>,
  mistakes: MistakeList,
): void {
  for (const [i, later] of windows.entries()) {
    const clash = windows
      .slice(0, i)
      .find(
        (earlier) =>
          earlier.fault === later.fault &&
          earlier.target === later.target &&
          !stacking.has(earlier.fault) &&
          waitsFor(earlier) === waitsFor(later) &&
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

function waitsFor({ when }: FaultWindow): string {
  return when === undefined ? "" : showCondition(when);
}

async function planChecks(
  request: Request,
  scenario: Scenario<Params>,
  target: Reference | External,
  catalog: Catalog,
  mistakes: MistakeList,
): Promise<PlannedCheck[]> {
  const wanted = parseLimits(request.limits, catalog, mistakes);
  const overrides = [...parseLimits(scenario.limits ?? [], catalog, mistakes), ...wanted];
  const planned: PlannedCheck[] = [];
  const asked = request.checks.length > 0;
  // A load that was not fit must never be green, whatever somebody wants to be judged by.
  for (const name of new Set([...(asked ? request.checks : scenario.checks), GENERATOR_CHECK])) {
    const check = await mistakes.take<Check>(find("check", name, catalog.checks, request.cwd));
    // An external system is judged by what can be seen of it; a check asked for by name stays, and says unknown.
    if (!check || (!asked && !canJudge(name, target))) continue;
    planned.push({ name, limits: { ...check.limits, ...limitsFor(check, overrides) } });
  }
  for (const { check } of wanted) {
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
    const value = number?.trim() ? Number(number) : Number.NaN;
    if (!check || !Number.isFinite(value) || value < 0) {
      mistakes.add(
        "SW_USAGE",
        `cannot read --limit "${text}"`,
        "the form is check=value or check.phase=value with a value of at least 0, for example delivery-p99.baseline=50",
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
