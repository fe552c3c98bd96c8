import type { Condition } from "../chaos/condition.ts";
import { explains, type Fault } from "../chaos/fault.ts";
import type { FaultWindow } from "../chaos/timeline.ts";
import type { External, Reference } from "../reports/record/plan.ts";
import { random } from "../scenarios/model/random.ts";
import { quantities, STABLE_FOR_MS } from "./conditions.ts";
import { parseDurationMs } from "./duration.ts";
import type { MistakeList } from "./mistakes.ts";
import { hintFor } from "./names.ts";
import { parseParams } from "./params.ts";

/**
 * One `--fault`: `latency@10s..20s:server-any/postgres,latencyMs=200`. The fault, its window, its target, its
 * parameters; among these `every`, `times` and `schedule` are the window's own.
 */
export interface FaultSpec {
  readonly text: string;
  readonly fault: string;
  /** After the run's start; with `when`, after the moment at which the condition comes true. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly when?: WrittenCondition;
  readonly target: string;
  readonly params: readonly string[];
  /** The window comes `times` times, one `everyMs` after the other. */
  readonly repeat?: { readonly everyMs: number; readonly times: number };
  /** Windows that carry the same name are one disturbance. */
  readonly schedule?: string;
}

/** A condition before the plan gives it its limits. */
type WrittenCondition =
  | { readonly kind: "number"; readonly quantity: string; readonly is: ">" | "<"; readonly value: number }
  | { readonly kind: "baseline-stable" };

export const FAULT_FORM =
  "name@10s..20s:target[,key=value…], for example latency@10s..20s:server-1/redis,latencyMs=200";

/** For `run --help` and the README: everything that may stand in a `--fault`. */
export const FAULT_GRAMMAR = `A fault: name@TIMES:TARGET[,key=value…]
  10s..20s                      from 10 s to 20 s after the start
  when(ledger.sent>5000)+2s     for 2 s, as soon as the clients have sent 5,000 messages
  when(ledger.connected<50)+1s..4s   from 1 s to 4 s after that moment
  after(baseline-stable)+3s     for 3 s, as soon as everybody has been there and in time for ${STABLE_FOR_MS / 1_000} s
  server-2, server-2/redis      this instance, this link; see \`seaworthy list targets\`
  server-any, server-all/redis  an instance that the seed draws; each of them
  every=5s,times=3              three times, one beginning 5 s after the other
  schedule=name                 one disturbance with all others of this name, judged together
`;

const TIMES_MAX = 100;
const DURATION = String.raw`\d+(?:\.\d+)?[a-z]+`;
const FORM = new RegExp(
  String.raw`^(?<fault>[^@]+)@(?:(?<condition>(?:when|after)\([^)]*\))\+)?` +
    String.raw`(?:(?<from>${DURATION})\.\.)?(?<to>${DURATION}):(?<target>[^,]+)(?:,(?<params>.*))?$`,
);

/** Undefined, with the mistake noted, when the text has another form. */
export function parseFaultSpec(text: string, mistakes: MistakeList): FaultSpec | undefined {
  const { fault, condition, from, to, target, params } = FORM.exec(text)?.groups ?? {};
  const fromMs = parseDurationMs(from ?? (condition ? "0s" : ""));
  const toMs = parseDurationMs(to ?? "");
  if (!fault || !target || fromMs === undefined || toMs === undefined) {
    mistakes.add("SW_BAD_FAULT_WINDOW", `cannot read --fault "${text}"`, `the form is ${FAULT_FORM}`);
    return undefined;
  }
  const when = condition === undefined ? undefined : parseCondition(condition, text, mistakes);
  const pairs = params ? params.split(",") : [];
  const own = (key: string) => pairs.find((pair) => pair.startsWith(`${key}=`))?.slice(key.length + 1);
  const repeat = parseRepeat(own("every"), own("times"), text, mistakes);
  const schedule = own("schedule");
  return {
    text,
    fault,
    fromMs,
    toMs,
    target,
    params: pairs.filter((pair) => !/^(every|times|schedule)=/.test(pair)),
    ...(when ? { when } : {}),
    ...(repeat ? { repeat } : {}),
    ...(schedule ? { schedule } : {}),
  };
}

function parseCondition(
  condition: string,
  text: string,
  mistakes: MistakeList,
): WrittenCondition | undefined {
  if (condition === "after(baseline-stable)") return { kind: "baseline-stable" };
  const [, quantity = "", is, number = ""] =
    /^when\((ledger\.\w+)\s*([<>])\s*(\d+(?:\.\d+)?)\)$/.exec(condition) ?? [];
  if (is === undefined) {
    mistakes.add(
      "SW_BAD_FAULT_WINDOW",
      `cannot read the condition ${condition} of --fault "${text}"`,
      "write after(baseline-stable), or when(ledger.NAME>NUMBER) with > or <",
    );
    return undefined;
  }
  if (!quantities.includes(quantity)) {
    mistakes.add("SW_UNKNOWN_NAME", `the clients report no ${quantity}`, hintFor(quantity, quantities));
  }
  return { kind: "number", quantity, is: is as ">" | "<", value: Number(number) };
}

function parseRepeat(
  every: string | undefined,
  times: string | undefined,
  text: string,
  mistakes: MistakeList,
): FaultSpec["repeat"] {
  if (every === undefined && times === undefined) return undefined;
  const everyMs = parseDurationMs(every ?? "");
  const count = Number(times);
  if (everyMs && Number.isInteger(count) && count >= 1 && count <= TIMES_MAX)
    return { everyMs, times: count };
  mistakes.add(
    "SW_BAD_FAULT_WINDOW",
    `cannot read how often --fault "${text}" comes`,
    `write both, for example every=5s,times=3 (at most ${TIMES_MAX})`,
  );
  return undefined;
}

/** Every name that a fault may be aimed at, by what it is. */
export function targetNames(target: Reference | External): {
  link: string[];
  process: string[];
  store: string[];
  balancer: string[];
  /** Empty: a user's commands have the names that the user gives them. */
  shell: string[];
} {
  const none = { link: [], process: [], store: [], balancer: [], shell: [] };
  if (target.kind === "external") {
    return { ...none, link: target.urls.map((_, i) => `server-${i + 1}/clients`) };
  }
  const servers = Array.from({ length: target.instances }, (_, i) => `server-${i + 1}`);
  const links = servers.flatMap((server) =>
    ["clients", "redis", "postgres"].map((end) => `${server}/${end}`),
  );
  const processes = [...servers, "redis", "postgres"];
  const stores = ["redis", "postgres"];
  if (!target.balancer) return { ...none, link: links, process: processes, store: stores };
  return {
    ...none,
    link: ["balancer/clients", ...links],
    process: ["balancer", ...processes],
    store: stores,
    balancer: ["balancer", ...servers.map((server) => `${server}/balancer`)],
  };
}

/**
 * A store's own commands are its own; single frames are seen between clients and servers only; a balancer does some
 * things as a whole, others to one server.
 */
export function fits(
  fault: Pick<Fault, "on" | "engine" | "frames" | "processes" | "ofServer">,
  target: string,
): boolean {
  const process = ["redis", "postgres", "balancer"].includes(target) ? target : "server";
  return (
    (!fault.engine || fault.engine === target) &&
    (!fault.frames || target.endsWith("/clients")) &&
    (!fault.processes || fault.processes.some((each) => each === process)) &&
    (fault.on !== "balancer" || (fault.ofServer === true) === target.endsWith("/balancer"))
  );
}

/** What a system that runs as something else cannot do is refused before anything starts. */
export function requireBackend(
  { name, runAs }: Pick<Fault, "name" | "runAs">,
  target: Reference | External,
  mistakes: MistakeList,
): void {
  if (runAs === undefined || target.kind === "external" || runAs.includes(target.runAs)) return;
  mistakes.add(
    "SW_USAGE",
    `fault ${name} works on a system that runs as ${runAs.join(" or ")}, and this one runs as ${target.runAs}`,
    `--run-as ${runAs[0]}, or another fault`,
  );
}

/** What the plan knows when it comes to its faults. */
export interface FaultContext {
  readonly target: Reference | External;
  readonly seed: number;
  /** Until when messages are published, ms after the run's start. */
  readonly runMs: number;
  readonly warmUpMs: number;
  /** What a second's deliveries may take in a stable baseline. */
  readonly deliveryP99Ms: number;
  /** The user's commands by target: `inject=…`, `observe=…`. */
  readonly commands: ReadonlyMap<string, readonly string[]>;
}

/**
 * Fault windows from one spec: `server-any` is a victim drawn by the seed, `server-all` makes one window for each,
 * a repetition one for each time with a victim of its own. `index` is that of the first. Notes every mistake: an
 * unknown target or parameter, a window that is empty or outside the run.
 */
export function planFault(
  spec: FaultSpec,
  fault: Fault,
  context: FaultContext & { readonly index: number },
  mistakes: MistakeList,
): FaultWindow[] {
  const { everyMs, times } = spec.repeat ?? { everyMs: 0, times: 1 };
  const lastMs = spec.toMs + everyMs * (times - 1);
  const earliestMs = spec.when?.kind === "baseline-stable" ? context.warmUpMs + STABLE_FOR_MS : 0;
  if (spec.fromMs >= spec.toMs || earliestMs + lastMs > context.runMs) {
    mistakes.add(
      "SW_BAD_FAULT_WINDOW",
      `the window of --fault "${spec.text}" ${spec.fromMs >= spec.toMs ? "is empty" : "lies outside the run"}`,
      `choose two times, the first smaller, between 0s and ${(context.runMs - earliestMs) / 1_000}s${earliestMs > 0 ? " after the condition" : ", when publishing stops"}`,
    );
  }
  const program = context.target.kind === "reference" ? context.target.balancer?.program : undefined;
  if (fault.program && program && fault.program !== program) {
    mistakes.add(
      "SW_USAGE",
      `fault ${fault.name} is nothing that ${program} can be made to do`,
      `run it with --balancer ${fault.program}`,
    );
  }
  requireBackend(fault, context.target, mistakes);
  const commands = fault.on === "shell" ? (context.commands.get(spec.target) ?? []) : [];
  const params = parseParams(`fault ${fault.name}`, [...commands, ...spec.params], fault, mistakes);
  const windows: FaultWindow[] = [];
  for (let time = 0; time < times; time++) {
    const index = context.index + windows.length;
    const drawn = victims(spec.target, fault, { ...context, index }, mistakes);
    if (drawn.length === 0) return [];
    // One after the other (a rolling restart), or all of them for the whole window.
    const shareMs = (spec.toMs - spec.fromMs) / (fault.inTurn ? drawn.length : 1);
    for (const [turn, target] of drawn.entries()) {
      const fromMs = spec.fromMs + time * everyMs + (fault.inTurn ? Math.round(turn * shareMs) : 0);
      const toMs = fromMs + Math.round(shareMs);
      windows.push({
        index: context.index + windows.length,
        fault: spec.fault,
        target,
        params,
        fromMs,
        toMs,
        ...(spec.when ? { when: conditionOf(spec.when, spec.toMs + time * everyMs, context) } : {}),
        ...(spec.schedule ? { schedule: spec.schedule } : {}),
        ...(fault.frames ? { frames: true } : {}),
        ...explains(fault, target, params),
      });
    }
  }
  return windows;
}

/** As late as the window still has room before publishing stops. */
function conditionOf(written: WrittenCondition, toMs: number, context: FaultContext): Condition {
  const untilMs = Math.max(0, context.runMs - toMs);
  if (written.kind === "number") return { ...written, untilMs };
  const { warmUpMs: fromMs, deliveryP99Ms } = context;
  return { kind: "baseline-stable", fromMs, forMs: STABLE_FOR_MS, deliveryP99Ms, untilMs };
}

function victims(
  name: string,
  fault: Fault,
  context: { target: Reference | External; seed: number; index: number },
  mistakes: MistakeList,
): string[] {
  if (fault.on === "shell") return [name];
  const names = targetNames(context.target)[fault.on].filter((candidate) => fits(fault, candidate));
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
  const each = names.find((candidate) => candidate.startsWith("server-"))?.replace(/^server-\d+/, "");
  const choices = each === undefined ? names : [...names, `server-any${each}`, `server-all${each}`];
  mistakes.add(
    "SW_UNKNOWN_NAME",
    `fault ${fault.name} acts on a ${fault.on}, and no ${fault.on} is called "${name}"`,
    choices.length > 0
      ? hintFor(name, choices)
      : `this target has no ${fault.on} that the harness can reach${fault.on === "balancer" ? "; --balancer nginx gives the reference system one" : ""}`,
  );
  return [];
}
