import path from "node:path";
import type { Command } from "commander";
import type { FaultStep } from "../../chaos/timeline.ts";
import type { ByHand, ByHandLine } from "../by-hand.ts";
import { find, loadCatalog } from "../catalog.ts";
import { parseDurationMs, showDuration } from "../duration.ts";
import { SeaworthyError } from "../errors.ts";
import type { ExitCode } from "../exit-codes.ts";
import { planFault } from "../fault-spec.ts";
import { listenForInterrupt } from "../interrupt.ts";
import type { Action } from "../main.ts";
import { MistakeList } from "../mistakes.ts";
import { askByHand, readUp, type UpState } from "../up-state.ts";
import { wholeNumber } from "../whole-number.ts";
import type { World } from "../world.ts";

interface Options {
  readonly target: string;
  readonly param: string[];
  readonly for?: string;
  readonly seed: number;
  readonly out: string;
  readonly json?: boolean;
}

type Result = Extract<ByHandLine, { kind: "result" }>;

export function chaos(program: Command, world: World, done: Action): void {
  program
    .command("chaos")
    .description("inject one fault by hand into the system that `seaworthy up` keeps up, and undo it")
    .argument("<fault>", "a name from `seaworthy list faults`, or a path to your own file")
    .requiredOption("--target <name>", "what it acts on: server-1, server-1/redis, redis, server-any …")
    .option(
      "-p, --param <key=value>",
      "a parameter of the fault",
      (value, all: string[]) => [...all, value],
      [],
    )
    .option("--for <duration>", "undo it after this time; else on Enter or Ctrl-C")
    .option("--seed <n>", "draws the victim of server-any", wholeNumber, 1)
    .option("--out <folder>", "the folder given to up", "runs")
    .option("--json", "print what happened as JSON")
    .addHelpText(
      "after",
      "\nExit codes: 0 its effect was seen and is gone again, 3 it had no effect, 4 it failed or could not be undone",
    )
    .action(async (fault: string, options: Options) => {
      const folder = path.resolve(world.cwd, options.out, "up");
      const forMs = options.for === undefined ? undefined : parseDurationMs(options.for);
      if (options.for !== undefined && forMs === undefined) {
        throw new SeaworthyError("SW_USAGE", `cannot read --for "${options.for}"`, "write 10s, 1500ms or 2m");
      }
      const state = await readUp(folder);
      if (!state) {
        throw new SeaworthyError(
          "SW_NOT_RUNNING",
          `no system of ${folder} is up`,
          "npx seaworthy up --detach",
        );
      }
      const request = await requestOf(fault, options, forMs, state, world);
      done(await inject(request, state, options.json === true, world));
    });
}

/** The same rules as in a plan: the victim drawn, every parameter checked, before anything is asked. */
async function requestOf(
  name: string,
  options: Options,
  forMs: number | undefined,
  state: UpState,
  world: World,
): Promise<ByHand> {
  const mistakes = new MistakeList();
  const file = name.includes("/") ? path.resolve(world.cwd, name) : name;
  const fault = await mistakes.take(find("fault", file, (await loadCatalog()).faults, world.cwd));
  const windows = fault
    ? planFault(
        { text: name, fault: file, fromMs: 0, toMs: 1, target: options.target, params: options.param },
        fault,
        {
          target: {
            kind: "reference",
            instances: state.metrics.length,
            defects: [],
            ...(state.balancer ? { balancer: state.balancer } : {}),
            runAs: state.runAs,
          },
          seed: options.seed,
          runMs: 1,
          warmUpMs: 0,
          deliveryP99Ms: 0,
          commands: new Map(),
          index: 0,
        },
        mistakes,
      )
    : [];
  if (windows.length > 1) {
    mistakes.add("SW_USAGE", `${options.target} is more than one target`, "inject one, or use server-any");
  }
  mistakes.check();
  const { target, params } = windows[0] as (typeof windows)[number];
  return { fault: file, target, params, ...(forMs === undefined ? {} : { forMs }) };
}

async function inject(request: ByHand, state: UpState, json: boolean, world: World): Promise<ExitCode> {
  using interrupt = listenForInterrupt(world, "undoing the fault");
  const end = new AbortController();
  interrupt.signal.addEventListener("abort", () => end.abort(), { once: true });
  using _enter = world.onEnter(() => end.abort());
  const say = (text: string) => {
    if (!json) world.stdout.write(`${text}\n`);
  };
  const atMs: Partial<Record<FaultStep, number>> = {};
  const last = await askByHand(
    state,
    request,
    (line) => {
      if (line.kind !== "fault") return;
      atMs[line.step] = line.atMs;
      const told = tell(line.step, atMs, request);
      if (told) say(`${request.fault} ${request.target}: ${told}${line.detail ? ` (${line.detail})` : ""}`);
    },
    end.signal,
  );
  if (last?.kind !== "result") {
    throw new SeaworthyError(
      "SW_NOT_RUNNING",
      "the system went away while the fault was in force",
      "it undoes its faults when it stops; see up/up.log",
    );
  }
  if (json) world.stdout.write(`${JSON.stringify({ ...request, ...last, atMs }, null, 2)}\n`);
  return exitCodeOf(last, request);
}

function tell(
  step: FaultStep,
  atMs: Partial<Record<FaultStep, number>>,
  { forMs }: ByHand,
): string | undefined {
  const since = (from: FaultStep) => `${Math.round((atMs[step] ?? 0) - (atMs[from] ?? 0))} ms`;
  switch (step) {
    case "injected":
      return forMs === undefined
        ? "in force; Enter or Ctrl-C undoes it"
        : `in force for ${showDuration(forMs)}`;
    case "observed":
      return `effect seen after ${since("injecting")}`;
    case "not-observed":
      return "NO EFFECT SEEN";
    case "healing":
      return "undoing";
    case "healed":
      return `gone again after ${since("healing")}`;
    case "failed":
      return "COULD NOT BE INJECTED";
    case "not-healed":
      return "NOT HEALED";
    default:
      return undefined;
  }
}

function exitCodeOf({ injected, observed, healed, why = "" }: Result, { fault, target }: ByHand): ExitCode {
  if (!healed) {
    throw new SeaworthyError(
      "SW_FAULT_NOT_HEALED",
      `${fault} on ${target} could not be undone: ${why}`,
      "npx seaworthy down ends the whole system",
    );
  }
  if (!injected && why !== "interrupted") {
    throw new SeaworthyError(
      "SW_FAULT_FAILED",
      `${fault} on ${target} could not be injected: ${why}`,
      "npx seaworthy explain shows what it needs",
    );
  }
  return observed ? 0 : 3;
}
