import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { LinkOptions } from "../../chaos/toxiproxy.ts";
import type { Balancer } from "../../reports/record/balancer.ts";
import type { Plan, Reference } from "../../reports/record/plan.ts";
import { SeaworthyError } from "../errors.ts";
import { thisMachine } from "../provision/machine.ts";
import type { ToolPath, Tools } from "../provision/tools.ts";
import { httpStatus } from "./answers.ts";
import { auditPostgres } from "./audit.ts";
import { startMirror } from "./balancer/mirror.ts";
import { ownBalancer } from "./balancer/own-balancer.ts";
import { processSeat } from "./balancer/process-seat.ts";
import { BALANCER } from "./balancer/seat.ts";
import { compileCache } from "./compile-cache.ts";
import { onDisk } from "./disk.ts";
import { behindFrameProxy, FRAME_PROXY, frameProxyProcess, linksWithFrames } from "./frame-proxy-process.ts";
import { choosePorts } from "./ports.ts";
import {
  answersQueries,
  asPostgresWants,
  clearAfterKill,
  makeDataFolder,
  postgresSettings,
} from "./postgres.ts";
import { carryByQuery, postgresStore } from "./postgres-store.ts";
import { descriptorLimit } from "./process-limits.ts";
import { type OwnProcess, ownProcess, type ProcessNews, StartFailed } from "./process-port.ts";
import { redisProcess, redisStore } from "./redis.ts";
import { ORIGIN, serverEnvironment } from "./server-environment.ts";
import { allOf, unlessAborted, watchStart } from "./start-together.ts";
import type { Supervisor } from "./supervisor.ts";
import { switchBoard } from "./switch-board.ts";
import type { RunningTarget } from "./target.ts";
import { ProxiesMissing, proxiesFor, toxiproxyProcess } from "./toxiproxy-process.ts";

export interface BringUpOptions {
  readonly plan: Plan;
  readonly tools: Pick<Tools, "node" | "toxiproxy" | "redis" | "postgres" | "nginx" | "haproxy">;
  readonly runDir: string;
  readonly supervisor: Supervisor;
  readonly signal: AbortSignal;
  readonly onEvent: (event: ProcessNews) => void;
  /** Fixed ports by name of process or link (`server-1`, `server-1/clients`, `redis` …); the others are chosen free. */
  readonly ports?: Readonly<Record<string, number>>;
  /** Another server than the reference, for tests of this file: a program for Node with the same environment. */
  readonly serverProgram?: string;
  /** The frame proxy on every link of clients, not only where the plan needs it: for faults by hand. */
  readonly framesEverywhere?: boolean;
  /** Settings of the servers beside those that the plan gives them, by environment variable. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The reference server runs from source here and as JavaScript in the published package. */
const referenceServer = fileURLToPath(
  new URL(`../../target-server/main${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);
/** Chosen ports are free at that moment; somebody else may be quicker to use one. */
const ATTEMPTS = 3;

/**
 * The reference system as processes of this machine, all on 127.0.0.1: Redis, Postgres, Toxiproxy and the plan's
 * number of servers, every link through a proxy of its own. Resolves when every process gave a real answer.
 *
 * @throws SeaworthyError SW_START_FAILED, SW_PORT_TAKEN (a fixed port), or the signal's reason when it aborts; all
 * that was started is stopped before.
 */
export async function bringUpProcesses(options: BringUpOptions): Promise<RunningTarget> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptToBringUp(options);
    } catch (error) {
      if (attempt === ATTEMPTS || !lostAPort(error)) throw error;
    }
  }
}

async function attemptToBringUp(options: BringUpOptions): Promise<RunningTarget> {
  const { plan, tools, runDir, supervisor, signal } = options;
  signal.throwIfAborted();
  const reference = plan.target as Reference;
  const servers = Array.from({ length: reference.instances }, (_, i) => `server-${i + 1}`);
  const linkNames = [
    ...(reference.balancer ? [`${BALANCER}/clients`] : []),
    ...servers.flatMap((name) => [`${name}/clients`, `${name}/redis`, `${name}/postgres`]),
  ];
  const framed = options.framesEverywhere
    ? linkNames.filter((name) => name.endsWith("/clients"))
    : linkNames.filter((name) => linksWithFrames(plan).has(name));
  const frameProxyPorts = framed.length > 0 ? [FRAME_PROXY, ...framed.map(behindFrameProxy)] : [];
  const balancerPorts = reference.balancer ? [BALANCER, `${BALANCER}/nobody`] : [];
  const proxyNames = namesOfProxies(plan, servers.length);
  const names = [
    "redis",
    "postgres",
    ...proxyNames,
    ...servers,
    ...balancerPorts,
    ...linkNames,
    ...frameProxyPorts,
  ];
  const [ports, folder] = await Promise.all([
    choosePorts(names, options.ports),
    supervisor.temporaryFolder("data"),
    onDisk("the folder for logs", () => mkdir(path.join(runDir, "logs"), { recursive: true })),
  ]);
  const port = (name: string) => ports[name] as number;
  const logFile = (name: string) => path.resolve(runDir, "logs", `${name}.log`);
  const bringingUp = watchStart(options.onEvent, logFile);
  const own = { supervisor, onEvent: bringingUp.onEvent };

  const redisPlace = { ...own, folder, logFile };
  const redis = redisProcess(tools, "redis", port("redis"), redisPlace);
  const postgres = postgresProcess(tools, port("postgres"), { ...own, folder, logFile: logFile("postgres") });
  const proxies = proxyNames.map((name, i) =>
    toxiproxyProcess({
      ...own,
      name,
      tools,
      folder,
      port: port(name),
      logFile: logFile(name),
      links: linkNames
        .filter((link) => Math.max(0, servers.indexOf(serverOf(link))) % proxyNames.length === i)
        .map((link) => linkOf(link, port, framed.includes(link))),
    }),
  );
  const links = proxies.flatMap((proxy) => proxy.links);
  const frameProxy =
    framed.length === 0
      ? undefined
      : frameProxyProcess({
          ...own,
          tools,
          folder,
          port: port(FRAME_PROXY),
          logFile: logFile(FRAME_PROXY),
          seed: plan.seed,
          links: framed.map((name) => ({
            name,
            listen: `127.0.0.1:${port(behindFrameProxy(name))}`,
            upstream: linkOf(name, port, false).upstream,
          })),
        });
  const jwtSecret = randomBytes(32).toString("hex");
  const internalToken = options.settings?.INTERNAL_TOKEN || randomBytes(32).toString("hex");
  const serverProcesses = servers.map((name) =>
    ownProcess({
      ...own,
      spec: {
        name,
        command: tools.node.path,
        args: [options.serverProgram ?? referenceServer],
        env: {
          ...serverEnvironment({ plan, jwtSecret, internalToken }, name, {
            listen: { host: "127.0.0.1", port: port(name) },
            redis: { host: "127.0.0.1", port: port(`${name}/redis`) },
            postgres: { host: "127.0.0.1", port: port(`${name}/postgres`) },
          }),
          // Else it would lie in the temporary folder for ever.
          ...compileCache(thisMachine()),
          ...options.settings,
        },
        logFile: logFile(name),
      },
      canBeLimited: true,
      switches: switchBoard(urlOf(port(name)), internalToken),
      answers: async (timeoutMs) =>
        (await httpStatus(`${urlOf(port(name))}/health/live`, timeoutMs)) !== undefined,
      ready: async (timeoutMs) => (await httpStatus(`${urlOf(port(name))}/health/ready`, timeoutMs)) === 200,
    }),
  );
  const mirror = reference.balancer ? await startMirror() : undefined;
  const balancer =
    reference.balancer &&
    ownBalancer({
      description: reference.balancer,
      timeScale: plan.timeScale,
      onEvent: own.onEvent,
      seat: processSeat({
        kind: reference.balancer.program,
        tool: toolOf(reference.balancer, tools),
        supervisor,
        port: port(BALANCER),
        deadPort: port(`${BALANCER}/nobody`),
        servers: Object.fromEntries(servers.map((name) => [name, `127.0.0.1:${port(`${name}/clients`)}`])),
        mirror: mirror?.address ?? "",
        folder,
        logFile: logFile(BALANCER),
      }),
    });
  const front = [...serverProcesses, ...(balancer ? [balancer.process] : [])];
  const infrastructure = [
    redis,
    postgres,
    ...[...proxies, ...(frameProxy ? [frameProxy] : [])].map(({ process }) => process),
  ];
  const processes = [...front, ...infrastructure];

  /** The servers first: they must not see their stores go and cry about it. */
  const stopAll = async () => {
    await Promise.all(front.map((process) => process.stop()));
    await Promise.all(infrastructure.map((process) => process.stop()));
    await mirror?.[Symbol.asyncDispose]();
  };

  const startAll = async () => {
    await allOf([
      redis.start(),
      makeDataFolder({
        folder: path.join(folder, "postgres"),
        tools,
        supervisor,
        logFile: logFile("postgres"),
      }).then(() => postgres.start()),
      ...proxies.map((proxy) => proxy.start()),
      frameProxy?.start() ?? Promise.resolve(),
    ]);
    await allOf(serverProcesses.map((process) => process.start().then(() => process.becomeReady())));
    await balancer?.start();
  };
  try {
    await unlessAborted(signal, Promise.race([startAll(), bringingUp.died]));
    bringingUp.over();
  } catch (error) {
    await stopAll();
    throw error;
  }

  return {
    topology: {
      links: links.map((link) => frameProxy?.withFrames(link) ?? link),
      processes,
      stores: [
        redisStore({
          tools,
          process: redis,
          port: port("redis"),
          links: links.filter((link) => link.name.endsWith("/redis")),
          place: redisPlace,
        }),
        postgresStore(postgres, port("postgres")),
      ],
      ...(balancer ? { balancers: balancer.ports } : {}),
    },
    endpoints: (balancer ? [BALANCER] : servers).map(
      (name) => `ws://127.0.0.1:${port(`${name}/clients`)}/ws`,
    ),
    servers: servers.map((name) => ({ name, metricsUrl: `${urlOf(port(name))}/metrics` })),
    access: { kind: "jwt", secret: jwtSecret, origin: ORIGIN, internalToken },
    versions: {
      node: tools.node.version,
      redis: tools.redis.version,
      postgres: tools.postgres.version,
      toxiproxy: tools.toxiproxy.version,
      ...(reference.balancer
        ? { [reference.balancer.program]: toolOf(reference.balancer, tools).version }
        : {}),
    },
    pids: () =>
      Object.fromEntries(
        processes.flatMap((process) => {
          const pid = process.pid();
          return pid === undefined ? [] : [[process.name, pid]];
        }),
      ),
    audit: (nonce) => auditPostgres(port("postgres"), nonce),
    [Symbol.asyncDispose]: stopAll,
  };
}

/** Fetched before, by whoever made the plan run. */
function toolOf({ program }: Balancer, tools: BringUpOptions["tools"]): ToolPath {
  const tool = tools[program];
  if (tool) return tool;
  throw new SeaworthyError("SW_TOOL_MISSING", `${program} is not on this machine`, "npx seaworthy doctor");
}

/** `toxiproxy` alone, or `toxiproxy-1`, `toxiproxy-2` … between which the instances' links are dealt out. */
function namesOfProxies({ clients }: Plan, instances: number): readonly string[] {
  const count = proxiesFor(clients, instances, descriptorLimit());
  return count === 1 ? ["toxiproxy"] : Array.from({ length: count }, (_, i) => `toxiproxy-${i + 1}`);
}

function serverOf(link: string): string {
  return link.slice(0, link.indexOf("/"));
}

type Ports = (name: string) => number;

interface Place {
  readonly supervisor: Supervisor;
  readonly onEvent: (event: ProcessNews) => void;
  readonly folder: string;
  readonly logFile: string;
}

function postgresProcess(tools: Pick<Tools, "postgres">, port: number, place: Place): OwnProcess {
  const { supervisor, onEvent, logFile } = place;
  const folder = path.join(place.folder, "postgres");
  const settings = Object.entries(postgresSettings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
  return ownProcess({
    supervisor,
    onEvent,
    spec: {
      name: "postgres",
      ...asPostgresWants(path.join(tools.postgres.path, "postgres"), [
        ...["-D", folder, "-p", String(port)],
        ...settings,
      ]),
      logFile,
      stopSignal: "SIGQUIT",
    },
    answers: (timeoutMs) => answersQueries(port, timeoutMs),
    beforeRestart: () => clearAfterKill(folder),
  });
}

/** Toxiproxy is the outer one: what it does to a link is what the clients feel, and the frame proxy sees whole frames. */
function linkOf(name: string, port: Ports, isFramed: boolean): Omit<LinkOptions, "apiUrl"> {
  const [server, to] = name.split("/") as [string, "clients" | "redis" | "postgres"];
  return {
    name,
    listen: `127.0.0.1:${port(name)}`,
    upstream: `127.0.0.1:${port(isFramed ? behindFrameProxy(name) : to === "clients" ? server : to)}`,
    probe: to === "clients" ? "http" : to,
    ...(to === "postgres" ? { carry: carryByQuery } : {}),
  };
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}

function lostAPort(error: unknown): boolean {
  if (error instanceof ProxiesMissing) return true;
  return (
    error instanceof StartFailed &&
    error.lastLines.some((line) => /EADDRINUSE|address already in use/i.test(line))
  );
}
