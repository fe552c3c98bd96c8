import path from "node:path";
import { type Command, Option } from "commander";
import type { External, LoadEngine, Plan, RunAs } from "../../reports/record/plan.ts";
import { text } from "../../reports/render/text.ts";
import { isAddress } from "../address.ts";
import { SAFE_CAPS } from "../caps.ts";
import { loadCatalog } from "../catalog.ts";
import { SeaworthyError } from "../errors.ts";
import { exitCodeOf } from "../exit-codes.ts";
import { FAULT_FORM, FAULT_GRAMMAR } from "../fault-spec.ts";
import type { Action } from "../main.ts";
import { plan } from "../plan.ts";
import { readPlan } from "../plan-file.ts";
import { progressOn } from "../progress.ts";
import { run } from "../run.ts";
import { runAsOption } from "../run-as.ts";
import { wholeNumber } from "../whole-number.ts";
import type { World } from "../world.ts";

interface Options {
  readonly param: string[];
  readonly fault: string[];
  readonly faultCommand: string[];
  readonly defect: string[];
  readonly check: string[];
  readonly limit: string[];
  readonly seed?: number;
  readonly timeScale?: number;
  readonly engine?: LoadEngine;
  readonly instances?: number;
  readonly balancer?: string;
  readonly balance?: string;
  readonly runAs?: RunAs | "auto";
  readonly url: string[];
  readonly connectHeader: string[];
  readonly origin?: string;
  readonly metricsUrl: string[];
  readonly allowHost: string[];
  readonly caFile?: string;
  readonly maxConnections?: number;
  readonly maxRate?: number;
  readonly probe?: number;
  readonly abortOnBreach?: boolean;
  readonly plan?: string;
  readonly out: string;
  readonly json?: boolean;
}

/** Options that a plan has already decided. */
const PLANNED = [
  "param",
  "fault",
  "faultCommand",
  "defect",
  "check",
  "limit",
  "seed",
  "timeScale",
  "engine",
  "instances",
  "balancer",
  "balance",
  "runAs",
  "url",
  "connectHeader",
  "origin",
  "metricsUrl",
  "caFile",
  "maxConnections",
  "maxRate",
  "probe",
] as const;

/** Options that say something about a system of somebody else: nothing without --url. */
const OF_URL = [
  "connectHeader",
  "origin",
  "metricsUrl",
  "allowHost",
  "caFile",
  "maxConnections",
  "maxRate",
] as const;

/** Options that say how the reference system is brought up: nothing with --url. */
const OF_REFERENCE = ["instances", "balancer", "balance", "runAs"] as const;

export function runCommand(program: Command, world: World, done: Action): void {
  program
    .command("run")
    .description("bring the target up, load it, break it, judge it, report")
    .argument("[scenario]", "a name from `seaworthy list scenarios`, or a path to your own file")
    .option("-p, --param <key=value>", "a parameter of the scenario", collect, [])
    .option("--fault <spec>", `a fault and when: ${FAULT_FORM}`, collect, [])
    .option(
      "--fault-command <target.step=command>",
      "what the fault `command` does on a system of your own; steps: inject, observe, undo, healed",
      collect,
      [],
    )
    .option("--defect <name>", "switch a known production mistake on", collect, [])
    .option(
      "--check <name>",
      "judge by this check only, and by generator-valid (may be repeated)",
      collect,
      [],
    )
    .option("--limit <check[.phase]=value>", "another limit for a check", collect, [])
    .option("--seed <n>", "draws victims, arrivals and back-off; the same seed repeats them", wholeNumber)
    .option("--time-scale <factor>", "one factor for beats, idle limits, TTLs, token life and drain", Number)
    .addOption(
      new Option(
        "--engine <engine>",
        "who plays the clients: k6, or native for sub-millisecond timing and density; a role that only native can play stays there",
      ).choices(["k6", "native"]),
    )
    .option("--instances <n>", "instances of the reference server", wholeNumber)
    .option("--balancer <program>", "nginx or haproxy in front of the instances; all clients dial it")
    .option("--balance <algorithm>", "round-robin, least-connections or cookie (affinity)")
    .addOption(runAsOption())
    .option(
      "--url <ws url>",
      "load your own system instead (may be repeated, one for each instance)",
      collect,
      [],
    )
    .option(
      "--connect-header <name: value>",
      "header of CONNECT for --url; {user} becomes the client's name, env:NAME a variable that is not recorded",
      collect,
      [],
    )
    .option("--origin <origin>", "Origin of the handshake for --url")
    .option("--metrics-url <url>", "a Prometheus endpoint of your own system", collect, [])
    .option("--allow-host <host>", "a host off this machine that may be loaded", collect, [])
    .option(
      "--ca-file <file>",
      "PEM of the authority behind a wss:// address that this machine does not know",
    )
    .option(
      "--max-connections <n>",
      `cap for --url; off this machine ${SAFE_CAPS.connections} unless you say otherwise`,
      wholeNumber,
    )
    .option(
      "--max-rate <n>",
      `cap on messages and connections a second for --url; off this machine ${SAFE_CAPS.ratePerSecond}`,
      wholeNumber,
    )
    .option("--probe <n>", "subscriptions of the probe that measures beside k6; 0 for none", wholeNumber)
    .option(
      "--abort-on-breach",
      "end as soon as a breach is beyond doubt: a close code, a duplicate, a message out of order or not ours",
    )
    .option("--plan <file>", "repeat the plan of an earlier run exactly")
    .option("--out <folder>", "where runs are kept", "runs")
    .option("--json", "print verdict.json instead of text")
    .addHelpText("after", `\n${FAULT_GRAMMAR}`)
    .action(async (scenario: string | undefined, options: Options) => {
      const catalog = await loadCatalog();
      refuseEmpty(options);
      const planned =
        options.plan !== undefined
          ? await repeated(options.plan, scenario, options, world, (file) =>
              readPlan(file, catalog, world.cwd),
            )
          : await plan(requestOf(scenario, options, world), catalog);
      using progress = progressOn(world.stderr, options.json === true);
      const runsDir = path.resolve(world.cwd, options.out);
      const result = await run(planned, {
        world,
        catalog,
        runsDir,
        progress,
        allowHosts: options.allowHost,
        abortOnBreach: options.abortOnBreach === true,
      });
      if (options.json) world.stdout.write(result.verdict);
      else world.stdout.write(text(result.report, result.record, textOptions(world, result.dir)));
      done(exitCodeOf(result.report.ended, result.report.overall));
    });
}

/** How the terminal's verdict is drawn, and where it says the report is. */
export function textOptions(world: World, dir: string) {
  return {
    colour: world.stdout.colour,
    columns: world.stdout.columns,
    dir: path.relative(world.cwd, dir) || ".",
  };
}

function requestOf(scenario: string | undefined, options: Options, world: World) {
  if (!scenario) throw new SeaworthyError("SW_USAGE", "which scenario?", "seaworthy list scenarios");
  const isOwn = options.url.length > 0;
  const idle = given(options, isOwn ? OF_REFERENCE : OF_URL);
  if (idle.length > 0) {
    const [of, but] = isOwn
      ? ["the reference system", "--url names another one"]
      : ["a system of your own", "there is no --url"];
    throw new SeaworthyError(
      "SW_USAGE",
      `${idle.join(", ")}: only for ${of}, and ${but}`,
      `leave it out, or ${isOwn ? "leave out" : "give"} --url`,
    );
  }
  return {
    scenario,
    params: options.param,
    faults: options.fault,
    faultCommands: options.faultCommand,
    defects: options.defect,
    checks: options.check,
    limits: options.limit,
    seed: options.seed ?? world.freshSeed(),
    timeScale: options.timeScale,
    engine: options.engine ?? ("k6" as const),
    ...(options.probe === undefined ? {} : { probe: options.probe }),
    target: isOwn
      ? externalOf(options, world.cwd)
      : {
          kind: "reference" as const,
          instances: options.instances ?? 3,
          balancer: options.balancer,
          balance: options.balance,
          ...(options.runAs ? { runAs: options.runAs } : {}),
        },
    maxConnections: options.maxConnections,
    maxRate: options.maxRate,
    cwd: world.cwd,
  };
}

function externalOf(options: Options, cwd: string): External {
  const connectHeaders: Record<string, string> = {};
  for (const header of options.connectHeader) {
    const at = header.indexOf(":");
    if (at < 1)
      throw new SeaworthyError("SW_USAGE", `cannot read --connect-header "${header}"`, 'write "name: value"');
    connectHeaders[header.slice(0, at).trim()] = header.slice(at + 1).trim();
  }
  for (const url of options.url) {
    if (!isAddress(url, "ws")) {
      throw new SeaworthyError(
        "SW_USAGE",
        `--url ${url} is not a WebSocket address`,
        "write ws://host:port/path or wss://…",
      );
    }
  }
  for (const url of options.metricsUrl) {
    if (!isAddress(url, "http")) {
      throw new SeaworthyError(
        "SW_USAGE",
        `--metrics-url ${url} is not an HTTP address`,
        "write http://host:port/path or https://…",
      );
    }
  }
  return {
    kind: "external",
    urls: options.url,
    connectHeaders,
    metricsUrls: options.metricsUrl,
    ...(options.origin ? { origin: options.origin } : {}),
    ...(options.caFile ? { caFile: path.resolve(cwd, options.caFile) } : {}),
  };
}

async function repeated(
  file: string,
  scenario: string | undefined,
  options: Options,
  world: World,
  read: (file: string) => Promise<Plan>,
): Promise<Plan> {
  const names = given(options, PLANNED);
  if (names.length > 0) {
    throw new SeaworthyError(
      "SW_USAGE",
      `a plan is complete: ${names.join(", ")} cannot change it`,
      "edit the plan's file, or leave out --plan",
    );
  }
  const planned = await read(path.resolve(world.cwd, file));
  if (scenario && scenario !== planned.scenario.name) {
    throw new SeaworthyError(
      "SW_USAGE",
      `the plan is of scenario ${planned.scenario.name}, not ${scenario}`,
      "leave out the scenario's name",
    );
  }
  return planned;
}

/** Those of the options that stand on the command line, as they are written there. */
function given(options: Options, names: readonly (keyof Options)[]): string[] {
  return names
    .filter((name) => {
      const value = options[name];
      return Array.isArray(value) ? value.length > 0 : value !== undefined;
    })
    .map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
}

/** As a shell writes `--plan "$PLAN"` when the variable is not set. */
function refuseEmpty(options: Options): void {
  const empty = (["plan", "out", "origin", "caFile"] as const).filter((name) => options[name]?.trim() === "");
  if (empty.length === 0) return;
  throw new SeaworthyError(
    "SW_USAGE",
    `${given(options, empty).join(", ")} is empty`,
    "give it a value, or leave it out",
  );
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}
