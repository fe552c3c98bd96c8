import { spawn } from "node:child_process";
import { mkdir, open, readFile } from "node:fs/promises";
import path from "node:path";
import type { Command } from "commander";
import { tellBalancer } from "../../reports/record/balancer.ts";
import type { Plan, Reference, RunAs } from "../../reports/record/plan.ts";
import { faultsByHand } from "../by-hand.ts";
import { type Catalog, loadCatalog } from "../catalog.ts";
import { SeaworthyError } from "../errors.ts";
import { listenForInterrupt } from "../interrupt.ts";
import type { Action } from "../main.ts";
import { plan } from "../plan.ts";
import { progressOn } from "../progress.ts";
import { progressBy } from "../provision/progress.ts";
import { findTools } from "../provision/tools.ts";
import { neededBalancer, runAsOption, unneededTools } from "../run-as.ts";
import { bringUp } from "../target/bring-up.ts";
import { createSupervisor } from "../target/supervisor.ts";
import type { RunningTarget } from "../target/target.ts";
import { askDown, holdUp, readUp, type UpState } from "../up-state.ts";
import type { World } from "../world.ts";
import { writtenOrRefused } from "../written.ts";

interface Options {
  readonly instances: string;
  readonly balancer?: string;
  readonly balance?: string;
  readonly defect: string[];
  readonly timeScale: string;
  readonly runAs?: RunAs | "auto";
  readonly out: string;
  readonly detach?: boolean;
  readonly json?: boolean;
}

/** How long `up --detach` waits for the background process to say that it is up. */
const DETACH_DEADLINE_MS = 60_000;
/** How long it then has to end in good order. */
const DETACH_END_DEADLINE_MS = 10_000;
/** How many of its last lines are shown when it does not come up. */
const LOG_LINES = 5;

export function up(program: Command, world: World, done: Action): void {
  program
    .command("up")
    .description("bring the reference system up and keep it up until Ctrl-C or `seaworthy down`")
    .option("--instances <n>", "instances of the reference server", "3")
    .option("--balancer <program>", "nginx or haproxy in front of the instances")
    .option("--balance <algorithm>", "round-robin, least-connections or cookie (affinity)")
    .option(
      "--defect <name>",
      "switch a known production mistake on",
      (value, all: string[]) => [...all, value],
      [],
    )
    .option("--time-scale <factor>", "one factor for beats, idle limits, TTLs, token life and drain", "1")
    .addOption(runAsOption())
    .option("--out <folder>", "where its logs are kept: up/ in this folder", "runs")
    .option("--detach", "return as soon as it is up")
    .option("--json", "print the addresses as JSON")
    .action(async (options: Options) => {
      const folder = path.resolve(world.cwd, options.out, "up");
      if (await readUp(folder)) {
        throw new SeaworthyError(
          "SW_ALREADY_RUNNING",
          `a system of ${folder} is up already`,
          "npx seaworthy down",
        );
      }
      const catalog = await loadCatalog();
      refuseClientDefects(options.defect, catalog);
      const planned = await plan(requestOf(options, world), catalog);
      await writtenOrRefused(folder, () => mkdir(folder, { recursive: true }));
      const print = (state: UpState) =>
        world.stdout.write(options.json ? `${JSON.stringify(state, null, 2)}\n` : show(state));
      if (options.detach) print(await detached(folder, world));
      else await attached(planned, folder, world, print);
      done(0);
    });
}

export function down(program: Command, world: World, done: Action): void {
  program
    .command("down")
    .description("stop the system that `seaworthy up` keeps up")
    .option("--out <folder>", "the folder given to up", "runs")
    .option("--json", "as JSON")
    .action(async (options: { out: string; json?: boolean }) => {
      const folder = path.resolve(world.cwd, options.out, "up");
      const state = await readUp(folder);
      if (!state)
        throw new SeaworthyError("SW_NOT_RUNNING", `no system of ${folder} is up`, "npx seaworthy up");
      await askDown(state);
      world.stdout.write(options.json ? `${JSON.stringify({ down: true })}\n` : "down\n");
      done(0);
    });
}

async function attached(
  planned: Plan,
  folder: string,
  world: World,
  print: (state: UpState) => void,
): Promise<void> {
  using interrupt = listenForInterrupt(world, "stopping the system");
  using progress = progressOn(world.stderr, false);
  progress.show("bringing the system up");
  const tools = await findTools({
    balancer: neededBalancer(planned.target),
    unneeded: unneededTools(planned.target),
    progress: progressBy((text) => progress.say(text)),
  });
  await using supervisor = await createSupervisor({ node: tools.node.path });
  await using target = await bringUp({
    plan: planned,
    tools,
    runDir: folder,
    supervisor,
    allowHosts: [],
    framesEverywhere: true,
    signal: interrupt.signal,
    onEvent(event) {
      if (event.what === "exited" && !event.expected) {
        progress.say(
          `${event.name} died (${event.signal ?? `exit ${event.code}`}); see logs/${event.name}.log`,
        );
      }
    },
  });
  const asked = Promise.withResolvers<void>();
  interrupt.signal.addEventListener("abort", () => asked.resolve(), { once: true });
  await using hands = faultsByHand({ target, folder, supervisor, world, say: (text) => progress.say(text) });
  await using hold = await holdUp(folder, stateOf(target, planned.target as Reference), {
    down: () => asked.resolve(),
    byHand: (request, say, ended) => hands.inject(request, say, ended),
  });
  progress.say("up; Ctrl-C or `npx seaworthy down` stops it");
  print(hold.state);
  await asked.promise;
}

/** The same command again, in the background, with its own log; resolves when it holds the system. */
async function detached(folder: string, world: World): Promise<UpState> {
  const logFile = path.join(folder, "up.log");
  await using log = await writtenOrRefused(folder, () => open(logFile, "w"));
  const args = world.argv.filter((argument) => argument !== "--detach" && argument !== "--json");
  const child = spawn(world.node, [world.entry, ...args], {
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
    cwd: world.cwd,
  });
  let exited = false;
  child.once("exit", () => {
    exited = true;
  });
  child.unref();
  const deadline = world.now() + DETACH_DEADLINE_MS;
  while (!exited && world.now() < deadline) {
    const state = await readUp(folder);
    if (state) return state;
    await world.sleep(50);
  }
  // What comes up when nobody waits for it any more would stay. The first signal is Ctrl-C, the second leaves at once.
  if (!exited) child.kill("SIGTERM");
  const endDeadline = world.now() + DETACH_END_DEADLINE_MS;
  while (!exited && world.now() < endDeadline) await world.sleep(50);
  if (!exited) child.kill("SIGTERM");
  const said = (await readFile(logFile, "utf8")).trimEnd().split("\n").slice(-LOG_LINES).join("\n  ");
  throw new SeaworthyError(
    "SW_START_FAILED",
    `the system did not come up in the background${said && `:\n  ${said}`}`,
    `see ${logFile}`,
  );
}

/** `up` has no clients that could make a mistake. */
function refuseClientDefects(names: readonly string[], catalog: Catalog): void {
  for (const name of names) {
    if (catalog.defects.get(name)?.where !== "client") continue;
    throw new SeaworthyError(
      "SW_USAGE",
      `defect ${name} is a mistake of clients, and up starts none`,
      `seaworthy run --defect ${name}`,
    );
  }
}

function requestOf(options: Options, world: World) {
  return {
    scenario: "ramp",
    params: [],
    faults: [],
    defects: options.defect,
    checks: [],
    limits: [],
    seed: 1,
    timeScale: Number(options.timeScale),
    engine: "k6" as const,
    target: {
      kind: "reference" as const,
      instances: Number(options.instances),
      balancer: options.balancer,
      balance: options.balance,
      ...(options.runAs ? { runAs: options.runAs } : {}),
    },
    cwd: world.cwd,
  };
}

function stateOf(target: RunningTarget, { runAs, balancer }: Reference): Omit<UpState, "control"> {
  return {
    format: 1,
    runAs,
    endpoints: target.endpoints,
    links: target.topology.links.map(({ name, listen, upstream }) => ({ name, listen, upstream })),
    metrics: target.servers,
    access: target.access,
    ...(balancer ? { balancer } : {}),
    pids: target.pids(),
  };
}

function show(state: UpState): string {
  const { balancer, endpoints, metrics } = state;
  const behind = balancer ? [`  balancer  ${endpoints[0]}   ${tellBalancer(balancer)}`] : [];
  const servers = metrics.map(
    ({ name, metricsUrl }, i) => `  ${name}  ${balancer ? "" : `${endpoints[i]}   `}metrics ${metricsUrl}`,
  );
  const lines = [...behind, ...servers];
  const access =
    state.access.kind === "jwt"
      ? `  CONNECT with "Authorization: Bearer <JWT>", HS256, secret ${state.access.secret}, Origin ${state.access.origin}`
      : "";
  return `${lines.join("\n")}\n${access}\n`;
}
