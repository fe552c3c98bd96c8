import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { type LinkOptions, listening, proxyConfig, toxiproxyLink } from "../../../chaos/toxiproxy.ts";
import type { Reference } from "../../../reports/record/plan.ts";
import { thisMachine } from "../../provision/machine.ts";
import { httpStatus } from "../answers.ts";
import { auditPostgres } from "../audit.ts";
import { ownBalancer } from "../balancer/own-balancer.ts";
import { BALANCER } from "../balancer/seat.ts";
import { onDisk } from "../disk.ts";
import { FRAME_PROXY, linksWithFrames } from "../frame-proxy-process.ts";
import { choosePorts } from "../ports.ts";
import { answersQueries, database, postgresSettings } from "../postgres.ts";
import { carryByQuery, postgresStore } from "../postgres-store.ts";
import { type OwnProcess, ownProcess, type ProcessNews, StartFailed } from "../process-port.ts";
import type { BringUpOptions } from "../processes.ts";
import { ORIGIN, serverEnvironment } from "../server-environment.ts";
import { allOf, unlessAborted, watchStart } from "../start-together.ts";
import { switchBoard } from "../switch-board.ts";
import type { RunningTarget } from "../target.ts";
import { ProxiesMissing } from "../toxiproxy-process.ts";
import { containerBox, containerLimits } from "./container-box.ts";
import { containerSpawner, isOfThisMachine } from "./container-child.ts";
import { BALANCER_PORT, containerSeat } from "./container-seat.ts";
import { type Daemon, meetDaemon } from "./daemon.ts";
import { createFleet, type Fleet, removeAbandoned } from "./fleet.ts";
import { frameProxyContainer } from "./frame-proxy-container.ts";
import { fetchImages, images } from "./images.ts";
import { MIRROR, MIRROR_ADDRESS, mirrorContainer } from "./mirror-container.ts";
import { REDIS_PORT, redisContainer, redisContainerStore } from "./redis-container.ts";
import { serverCommand, serverImage } from "./server-image.ts";

/** What each container of the fleet needs to be made and watched. */
export interface ContainerPlace {
  readonly fleet: Fleet;
  readonly onEvent: (event: ProcessNews) => void;
  /** By name. */
  readonly logFile: (name: string) => string;
}

export type ContainerOptions = Pick<
  BringUpOptions,
  "plan" | "runDir" | "supervisor" | "signal" | "onEvent" | "ports" | "settings" | "framesEverywhere"
>;

const SERVER_PORT = 8080;
const POSTGRES_PORT = 5432;
const MEGABYTE = 2 ** 20;
/** Chosen ports are free at that moment; somebody else may be quicker to use one. */
const ATTEMPTS = 3;

/**
 * The reference system as containers: the same topology as `bringUpProcesses`, in a network of its own, every port
 * published on 127.0.0.1. Resolves when every container gave a real answer.
 *
 * @throws SeaworthyError SW_NO_CONTAINERS, SW_IMAGE_MISSING, SW_START_FAILED, SW_PORT_TAKEN (a fixed port), or the
 * signal's reason when it aborts; all that was made is removed before.
 */
export async function bringUpContainers(options: ContainerOptions): Promise<RunningTarget> {
  const { signal, supervisor } = options;
  signal.throwIfAborted();
  const daemon = await meetDaemon(thisMachine().env);
  await removeAbandoned(daemon.docker);
  const prepared = Promise.all([
    serverImage(daemon.docker, () => supervisor.temporaryFolder("image")),
    fetchImages(daemon.docker, imagesOf(options.plan.target as Reference)),
  ]);
  await unlessAborted(
    signal,
    prepared.then(() => {}),
  );
  const [image] = await prepared;
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptToBringUp(options, daemon, image);
    } catch (error) {
      if (attempt === ATTEMPTS || !lostAPort(error)) throw error;
    }
  }
}

async function attemptToBringUp(
  options: ContainerOptions,
  daemon: Daemon,
  image: string,
): Promise<RunningTarget> {
  const { plan, runDir, supervisor, signal } = options;
  const { instances, balancer: description } = plan.target as Reference;
  const servers = Array.from({ length: instances }, (_, i) => `server-${i + 1}`);
  const linkNames = [
    ...(description ? [`${BALANCER}/clients`] : []),
    ...servers.flatMap((name) => [`${name}/clients`, `${name}/redis`, `${name}/postgres`]),
  ];
  const framed = linkNames.filter((name) =>
    options.framesEverywhere ? name.endsWith("/clients") : linksWithFrames(plan).has(name),
  );
  const balancerPorts = description ? [BALANCER, `${BALANCER}/admin`, MIRROR] : [];
  const ports = await choosePorts(
    ["redis", "postgres", "toxiproxy", FRAME_PROXY, ...servers, ...balancerPorts, ...linkNames],
    options.ports,
  );
  const port = (name: string) => ports[name] as number;
  await onDisk("the folder for logs", () => mkdir(path.join(runDir, "logs"), { recursive: true }));
  const logFile = (name: string) => path.resolve(runDir, "logs", `${name}.log`);
  const bringingUp = watchStart(options.onEvent, logFile);
  const fleet = await createFleet(daemon, supervisor);
  const place: ContainerPlace = { fleet, onEvent: bringingUp.onEvent, logFile };

  const redis = redisContainer("redis", port("redis"), place);
  const postgres = postgresContainer(port("postgres"), place);
  const links = linkNames.map((name) => linkOf(name, port, framed.includes(name)));
  const toxiproxy = toxiproxyContainer(port, links, place);
  const apiUrl = urlOf(port("toxiproxy"));
  const frameProxy =
    framed.length === 0
      ? undefined
      : await frameProxyContainer({
          place,
          port: port(FRAME_PROXY),
          seed: plan.seed,
          links: framed.map((name) => ({
            name,
            listen: `0.0.0.0:${port(name)}`,
            upstream: linkOf(name, port, false).upstream,
          })),
        });
  const jwtSecret = randomBytes(32).toString("hex");
  const internalToken = options.settings?.INTERNAL_TOKEN || randomBytes(32).toString("hex");
  const serverContainers = servers.map((name) => {
    const env = {
      ...serverEnvironment({ plan, jwtSecret, internalToken }, name, {
        listen: { host: "0.0.0.0", port: SERVER_PORT },
        redis: { host: "toxiproxy", port: port(`${name}/redis`) },
        postgres: { host: "toxiproxy", port: port(`${name}/postgres`) },
      }),
      // Every client comes from Toxiproxy, as in the topology of processes everybody comes from 127.0.0.1.
      TRUSTED_PROXIES: `127.0.0.1,::1,${fleet.subnet}`,
      ...options.settings,
    };
    return serverContainer(name, port(name), image, env, internalToken, place);
  });
  const balancer =
    description &&
    ownBalancer({
      description,
      timeScale: plan.timeScale,
      onEvent: place.onEvent,
      seat: containerSeat({
        kind: description.program,
        place,
        port: port(BALANCER),
        adminPort: port(`${BALANCER}/admin`),
        servers: Object.fromEntries(servers.map((name) => [name, `toxiproxy:${port(`${name}/clients`)}`])),
        mirror: MIRROR_ADDRESS,
      }),
    });
  const front = [...serverContainers, ...(balancer ? [balancer.process] : [])];
  const infrastructure = [redis, postgres, toxiproxy, ...(frameProxy ? [frameProxy.process] : [])];
  const processes = [...front, ...infrastructure];
  /** No part of the system: what the harness looks with. */
  const instruments = description ? [await mirrorContainer(port(MIRROR), place)] : [];

  /** The servers first and politely: they must not see their stores go and cry about it. */
  const stopAll = async () => {
    await Promise.allSettled(front.map((process) => process.stop()));
    // From here on every exit is ours.
    const stopped = Promise.allSettled([...infrastructure, ...instruments].map((process) => process.stop()));
    await fleet[Symbol.asyncDispose]();
    await stopped;
  };
  const startAll = async () => {
    await allOf([...infrastructure, ...instruments].map((process) => process.start()));
    const there = await listening(apiUrl, linkNames);
    const missing = linkNames.filter((name) => !there.includes(name));
    if (missing.length > 0) throw new ProxiesMissing(missing, logFile("toxiproxy"));
    await allOf(serverContainers.map((process) => process.start().then(() => process.becomeReady())));
    await balancer?.start();
  };
  try {
    await unlessAborted(signal, Promise.race([startAll(), bringingUp.died]));
    bringingUp.over();
  } catch (error) {
    // Nobody has connected yet: there is nothing to be polite about.
    const stopped = Promise.allSettled([...processes, ...instruments].map((process) => process.stop()));
    await fleet[Symbol.asyncDispose]();
    await stopped;
    throw error;
  }

  const toxiproxyLinks = links.map((link) => {
    const own = toxiproxyLink({ apiUrl, ...link });
    return frameProxy?.withFrames(own) ?? own;
  });
  return {
    topology: {
      links: toxiproxyLinks,
      processes,
      stores: [
        redisContainerStore({
          process: redis,
          port: port("redis"),
          links: toxiproxyLinks.filter((link) => link.name.endsWith("/redis")),
          place,
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
      containers: daemon.version,
      node: "24",
      redis: tagOf(images.redis),
      postgres: tagOf(images.postgres),
      toxiproxy: tagOf(images.toxiproxy),
      ...(description ? { [description.program]: tagOf(images[description.program]) } : {}),
    },
    pids: () =>
      Object.fromEntries(
        processes.flatMap((process) => {
          const pid = process.pid();
          return pid === undefined || !isOfThisMachine(pid, fleet.idOf(process.name))
            ? []
            : [[process.name, pid]];
        }),
      ),
    audit: (nonce) => auditPostgres(port("postgres"), nonce),
    [Symbol.asyncDispose]: stopAll,
  };
}

type Ports = (name: string) => number;

function serverContainer(
  name: string,
  port: number,
  image: string,
  env: Readonly<Record<string, string>>,
  internalToken: string,
  { fleet, onEvent, logFile }: ContainerPlace,
): OwnProcess {
  // One CPU and 2 GB (A134).
  const spec = {
    name,
    image,
    command: serverCommand,
    env,
    ports: { [SERVER_PORT]: port },
    memoryBytes: 2_048 * MEGABYTE,
    cpus: 1,
  };
  return ownProcess({
    supervisor: containerSpawner(fleet, spec),
    limits: containerLimits(fleet, spec),
    box: containerBox(fleet, spec),
    onEvent,
    spec: { name, command: image, args: serverCommand, logFile: logFile(name) },
    switches: switchBoard(urlOf(port), internalToken),
    answers: async (timeoutMs) => (await httpStatus(`${urlOf(port)}/health/live`, timeoutMs)) !== undefined,
    ready: async (timeoutMs) => (await httpStatus(`${urlOf(port)}/health/ready`, timeoutMs)) === 200,
  });
}

function postgresContainer(port: number, { fleet, onEvent, logFile }: ContainerPlace): OwnProcess {
  const { fsync, full_page_writes, max_connections, log_min_messages } = postgresSettings;
  const settings = { fsync, full_page_writes, max_connections, log_min_messages };
  const args = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
  const spec = {
    name: "postgres",
    image: images.postgres,
    command: args,
    env: {
      POSTGRES_USER: database.user,
      POSTGRES_PASSWORD: database.password,
      POSTGRES_DB: database.name,
      POSTGRES_HOST_AUTH_METHOD: "trust",
      POSTGRES_INITDB_ARGS: "-E UTF8 --locale=C --no-sync",
    },
    ports: { [POSTGRES_PORT]: port },
    memoryBytes: 1_024 * MEGABYTE,
    cpus: 1,
  };
  return ownProcess({
    supervisor: containerSpawner(fleet, spec),
    box: containerBox(fleet, spec),
    onEvent,
    spec: {
      name: "postgres",
      command: images.postgres,
      args,
      logFile: logFile("postgres"),
      stopSignal: "SIGQUIT",
    },
    answers: (timeoutMs) => answersQueries(port, timeoutMs),
  });
}

/** It has its proxies from its configuration file, so it also has them after a restart. */
function toxiproxyContainer(
  port: Ports,
  links: readonly Omit<LinkOptions, "apiUrl">[],
  { fleet, onEvent, logFile }: ContainerPlace,
): OwnProcess {
  const api = port("toxiproxy");
  const args = ["-host", "0.0.0.0", "-port", String(api), "-config", "/toxiproxy.json"];
  return ownProcess({
    supervisor: containerSpawner(fleet, {
      name: "toxiproxy",
      image: images.toxiproxy,
      command: args,
      // Inside as outside, so that a link has one number.
      ports: Object.fromEntries([api, ...links.map(({ name }) => port(name))].map((each) => [each, each])),
      files: {
        "/toxiproxy.json": proxyConfig(
          links.map(({ name, listenInside, upstream }) => ({
            name,
            listen: listenInside as string,
            upstream,
          })),
        ),
      },
      memoryBytes: 512 * MEGABYTE,
      cpus: 1,
    }),
    onEvent,
    spec: { name: "toxiproxy", command: images.toxiproxy, args, logFile: logFile("toxiproxy") },
    answers: async (timeoutMs) => (await httpStatus(`${urlOf(api)}/version`, timeoutMs)) === 200,
  });
}

/** Toxiproxy is the outer one, as with processes. The frame proxy listens on the link's own number in its own container. */
function linkOf(name: string, port: Ports, isFramed: boolean): Omit<LinkOptions, "apiUrl"> {
  const [server, to] = name.split("/") as [string, "clients" | "redis" | "postgres"];
  const clientsPort = server === BALANCER ? BALANCER_PORT : SERVER_PORT;
  const upstream = {
    clients: isFramed ? `${FRAME_PROXY}:${port(name)}` : `${server}:${clientsPort}`,
    redis: `redis:${REDIS_PORT}`,
    postgres: `postgres:${POSTGRES_PORT}`,
  }[to];
  return {
    name,
    listen: `127.0.0.1:${port(name)}`,
    listenInside: `0.0.0.0:${port(name)}`,
    upstream,
    probe: to === "clients" ? "http" : to,
    ...(to === "postgres" ? { carry: carryByQuery } : {}),
  };
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** Each program of a balancer only where it is part of the system. */
function imagesOf({ balancer }: Reference): readonly string[] {
  const { nginx, haproxy, ...always } = images;
  return [...Object.values(always), ...(balancer ? [{ nginx, haproxy }[balancer.program]] : [])];
}

function tagOf(image: string): string {
  return image.slice(image.lastIndexOf(":") + 1);
}

function lostAPort(error: unknown): boolean {
  if (error instanceof ProxiesMissing) return true;
  return (
    error instanceof StartFailed &&
    error.lastLines.some((line) =>
      /EADDRINUSE|address already in use|port is already allocated|bind for/i.test(line),
    )
  );
}
