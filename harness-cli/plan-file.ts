import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { GENERATOR_CHECK } from "../reports/judge.ts";
import { balancerPrograms, balances } from "../reports/record/balancer.ts";
import type { Plan } from "../reports/record/plan.ts";
import { invariants, type Scenario } from "../scenarios/model/scenario.ts";
import { isAddress } from "./address.ts";
import { checkCaps } from "./caps.ts";
import { type Catalog, find } from "./catalog.ts";
import { quantities } from "./conditions.ts";
import { SeaworthyError } from "./errors.ts";
import { requireCommands } from "./fault-commands.ts";
import { requireBackend, targetNames } from "./fault-spec.ts";
import { MistakeList } from "./mistakes.ts";
import { hintFor } from "./names.ts";
import { checkParams } from "./params.ts";
import { planRoles } from "./plan.ts";

const ms = z.number().nonnegative().max(86_400_000);
const values = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]));
const limits = z.partialRecord(
  z.enum(["warm-up", "baseline", "fault", "recovery", "final"]),
  z.number().nonnegative(),
);

const address = (kind: "ws" | "http") =>
  z.string().refine((text) => isAddress(text, kind), `no ${kind}:// or ${kind}s:// address`);

const engine = z.enum(["k6", "native"]);

const balancer = z.strictObject({
  program: z.enum(balancerPrograms),
  balance: z.enum(balances),
  idleTimeoutMs: z.number().int().min(1).max(86_400_000),
  passesUpgrade: z.boolean(),
  upstreamHttp: z.enum(["1.1", "1.0"]),
  forwardsHeaders: z.boolean(),
  buffers: z.boolean(),
  failsOver: z.boolean(),
  deadServers: z.number().int().min(0).max(9),
  connectionsMax: z.number().int().min(0).max(100_000),
  defects: z.array(z.string()),
});

const schema = z.strictObject({
  format: z.literal(1),
  seed: z.number().int().nonnegative(),
  nonce: z.string().regex(/^[a-z0-9]{6}$/),
  timeScale: z.number().min(0.01).max(10),
  scenario: z.strictObject({ name: z.string(), params: values }),
  engine,
  timing: z.strictObject({ warmUpMs: ms, publishUntilMs: ms, endMs: ms }),
  clients: z.number().int().positive().max(100_000),
  roles: z.array(
    z.strictObject({
      name: z.string(),
      clients: z.number().int().nonnegative(),
      engine,
      provokes: z.array(z.number().int()),
      asks: z
        .array(z.strictObject({ about: z.string(), invariant: z.enum(invariants), expected: z.string() }))
        .exactOptional(),
    }),
  ),
  clientDefects: z.array(z.string()),
  target: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("reference"),
      instances: z.number().int().min(1).max(9),
      defects: z.array(z.string()),
      balancer: balancer.exactOptional(),
      settings: z.record(z.string().regex(/^[A-Z][A-Z_]*$/), z.string()).exactOptional(),
      runAs: z.enum(["processes", "containers"]),
    }),
    z.strictObject({
      kind: z.literal("external"),
      urls: z.array(address("ws")).min(1),
      connectHeaders: z.record(z.string(), z.string()),
      origin: z.string().exactOptional(),
      metricsUrls: z.array(address("http")),
      caFile: z.string().exactOptional(),
      caps: z
        .strictObject({ connections: z.number().int().positive(), ratePerSecond: z.number().positive() })
        .exactOptional(),
    }),
  ]),
  probe: z.strictObject({ subscriptions: z.number().int().min(1).max(20) }).exactOptional(),
  timeline: z.array(
    z.strictObject({
      index: z.number().int().nonnegative(),
      fault: z.string(),
      target: z.string(),
      params: values,
      fromMs: ms,
      toMs: ms,
      when: z
        .discriminatedUnion("kind", [
          z.strictObject({
            kind: z.literal("number"),
            quantity: z.enum(quantities),
            is: z.enum([">", "<"]),
            value: z.number(),
            untilMs: ms,
          }),
          z.strictObject({
            kind: z.literal("baseline-stable"),
            fromMs: ms,
            forMs: ms,
            deliveryP99Ms: z.number().positive(),
            untilMs: ms,
          }),
        ])
        .exactOptional(),
      schedule: z.string().exactOptional(),
      closes: z.array(z.number().int()),
      drops: z.boolean(),
      frames: z.literal(true).exactOptional(),
    }),
  ),
  checks: z.array(z.strictObject({ name: z.string(), limits })),
});

/**
 * A plan as `run --plan` takes it: the file of an earlier run, or one that a person edited. Throws SW_BAD_PLAN when
 * it cannot be read or has another shape, and all `Mistakes` about names and values together.
 */
export async function readPlan(file: string, catalog: Catalog, cwd: string): Promise<Plan> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new SeaworthyError(
      "SW_BAD_PLAN",
      `cannot read the plan ${file}: ${(error as Error).message}`,
      "give the plan.json of a run",
    );
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    throw new SeaworthyError(
      "SW_BAD_PLAN",
      `${file} is not a plan of format 1: ${firstOf(parsed.error)}`,
      "plans of another format must be made again by run",
    );
  }
  const plan: Plan = parsed.data;
  await checkNames(plan, catalog, cwd);
  return plan;
}

/** What keeps a record's plan from being one of format 1; undefined when nothing does. */
export function wrongInPlan(json: unknown): string | undefined {
  const { error } = schema.safeParse(json);
  return error && firstOf(error);
}

function firstOf({ issues }: z.ZodError): string {
  const { path, message } = issues[0] as z.core.$ZodIssue;
  const more = issues.length - 1;
  return `${path.join(".") || "the file"}: ${message}${more > 0 ? ` (and ${more} more)` : ""}`;
}

async function checkNames(plan: Plan, catalog: Catalog, cwd: string): Promise<void> {
  const mistakes = new MistakeList();
  const scenario = await mistakes.take(find("scenario", plan.scenario.name, catalog.scenarios, cwd));
  if (scenario) checkScenario(plan, scenario, mistakes);
  if (plan.target.kind === "external") checkCaps(plan.target, plan.clients, plan.scenario.params, mistakes);
  requireCommands(plan.timeline, new Map(), mistakes);
  const names = targetNames(plan.target);
  for (const window of plan.timeline) {
    const fault = await mistakes.take(find("fault", window.fault, catalog.faults, cwd));
    if (!fault) continue;
    checkParams(`fault ${fault.name}`, window.params, fault, mistakes);
    if (fault.on !== "shell" && !names[fault.on].includes(window.target)) {
      mistakes.add(
        "SW_UNKNOWN_NAME",
        `no ${fault.on} is called "${window.target}"`,
        hintFor(window.target, names[fault.on]),
      );
    }
    requireBackend(fault, plan.target, mistakes);
    const lastMs = window.toMs + (window.when?.untilMs ?? 0);
    if (window.fromMs >= window.toMs || lastMs > plan.timing.publishUntilMs) {
      mistakes.add(
        "SW_BAD_FAULT_WINDOW",
        `the window of ${window.fault} on ${window.target} is empty or outside the run`,
        "see timing.publishUntilMs",
      );
    }
  }
  const { target } = plan;
  const serverSide =
    target.kind === "reference" ? [...target.defects, ...(target.balancer?.defects ?? [])] : [];
  const defects = [...plan.clientDefects, ...serverSide];
  for (const name of defects) {
    if (!catalog.defects.has(name))
      mistakes.add("SW_UNKNOWN_NAME", `unknown defect "${name}"`, hintFor(name, [...catalog.defects.keys()]));
  }
  if (!plan.checks.some(({ name }) => name === GENERATOR_CHECK)) {
    mistakes.add(
      "SW_BAD_PLAN",
      `the plan has no check ${GENERATOR_CHECK}, so that a load that was not fit would be green`,
      `add {"name": "${GENERATOR_CHECK}", "limits": …} to its checks, or make the plan again`,
    );
  }
  for (const { name } of plan.checks) await mistakes.take(find("check", name, catalog.checks, cwd));
  mistakes.check();
}

/** What follows from the scenario and its parameters must follow from them in an edited plan too: caps go by it. */
function checkScenario(plan: Plan, scenario: Scenario, mistakes: MistakeList): void {
  const { params } = plan.scenario;
  checkParams(`scenario ${scenario.name}`, params, scenario, mistakes);
  if (mistakes.noted.length > 0) return;
  const roles = planRoles(scenario, params, plan.engine);
  const clients = roles.reduce((sum, role) => sum + role.clients, 0);
  const derived = { timing: scenario.timing(params, plan.timeScale), clients, roles };
  for (const [key, value] of Object.entries(derived)) {
    // As a file has it: what is undefined is not there.
    const expected = JSON.stringify(value);
    if (isDeepStrictEqual(plan[key as keyof typeof derived], JSON.parse(expected))) continue;
    mistakes.add(
      "SW_BAD_PLAN",
      `${key} in the plan is not what scenario ${scenario.name} makes of its parameters`,
      `change the parameters, and ${key} to ${expected}; or make the plan again`,
    );
  }
}
