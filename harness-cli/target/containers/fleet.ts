import { randomUUID } from "node:crypto";
import os from "node:os";
import path from "node:path";
import { pid as ownPid } from "node:process";
import { fileURLToPath } from "node:url";
import { thisMachine } from "../../provision/machine.ts";
import { startTimeOf } from "../start-time.ts";
import type { Supervisor } from "../supervisor.ts";
import { ask, type Container, type Daemon, type Docker, isGone, removeAll } from "./daemon.ts";
import { watchDaemon } from "./daemon-watch.ts";

/** How to make one container. */
export interface ContainerSpec {
  /** Its name in the fleet's network. */
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Port inside → port on 127.0.0.1. */
  readonly ports: Readonly<Record<number, number>>;
  readonly memoryBytes: number;
  readonly cpus: number;
  /** Put into it before it starts, by absolute path; one that ends with a slash is a folder. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * Every container of a run, in a network of its own that publishes on 127.0.0.1 only. All of it carries one label, by
 * which it is removed: when this is disposed, and by the watchdog when the harness was killed.
 */
export interface Fleet extends AsyncDisposable {
  readonly docker: Docker;
  /** Settles when the daemon does not answer any more: nobody can say then how the containers are. */
  readonly lost: Promise<void>;
  /** `seaworthy.run=<id>`. */
  readonly label: string;
  /** Of its network, such as `172.18.0.0/16`. */
  readonly subnet: string;
  /** Made, not started. */
  create(spec: ContainerSpec): Promise<Container>;
  /** Puts files into one that is there, running or not, as `ContainerSpec.files`. */
  put(name: string, files: Readonly<Record<string, string>>): Promise<void>;
  /** Docker's own id of a container by name; empty while there is none. */
  idOf(name: string): string;
  /** Into its network and out of it. Twice is no error. */
  plug(name: string, isIn: boolean): Promise<void>;
}

const RUN = "seaworthy.run";
const OWNER = "seaworthy.owner";
const HOST = "seaworthy.host";
/** For people who look at `docker ps`. */
const PID = "seaworthy.pid";

const REMOVED_WITHIN_MS = 30_000;
const LAST_COMMAND_DEADLINE_MS = 20_000;

/** Runs from source here and as JavaScript in the published package. */
const removeProgram = fileURLToPath(
  new URL(`./remove-run${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);

export async function createFleet(
  { docker }: Daemon,
  supervisor: Pick<Supervisor, "runIfHarnessDies">,
): Promise<Fleet> {
  const id = randomUUID();
  const label = `${RUN}=${id}`;
  const { node, env } = thisMachine();
  // Before there is anything to remove.
  const pledge = supervisor.runIfHarnessDies({
    command: [node.path, removeProgram, label].map(quoted).join(" "),
    timeoutMs: LAST_COMMAND_DEADLINE_MS,
    cwd: "/",
    env: Object.fromEntries(
      Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
  });
  const labels = {
    [RUN]: id,
    [OWNER]: `${ownPid}:${startTimeOf(ownPid)}`,
    [HOST]: os.hostname(),
    [PID]: String(ownPid),
  };
  const making = new Set<Promise<Container>>();
  const ids = new Map<string, string>();
  let disposed: Promise<void> | undefined;

  async function make(spec: ContainerSpec): Promise<Container> {
    const container = await ask(
      `making container ${spec.name}`,
      docker.createContainer({
        name: `seaworthy-${id.slice(0, 8)}-${spec.name}`,
        Hostname: spec.name,
        Image: spec.image,
        ...(spec.command ? { Cmd: [...spec.command] } : {}),
        Env: Object.entries(spec.env ?? {}).map(([name, value]) => `${name}=${value}`),
        Labels: labels,
        ExposedPorts: Object.fromEntries(Object.keys(spec.ports).map((inside) => [`${inside}/tcp`, {}])),
        HostConfig: {
          PortBindings: Object.fromEntries(
            Object.entries(spec.ports).map(([inside, port]) => [
              `${inside}/tcp`,
              [{ HostIp: "127.0.0.1", HostPort: String(port) }],
            ]),
          ),
          ...shareOf(spec),
          // It is ours to start again: a restart policy would hide a crash (E67).
          RestartPolicy: { Name: "no" },
        },
        NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [spec.name] } } },
      }),
    );
    ids.set(spec.name, container.id);
    if (spec.files) await put(spec.name, spec.files);
    return container;
  }

  async function put(name: string, files: Readonly<Record<string, string>>): Promise<void> {
    const { tarOf } = await import("./tar.ts");
    const archive = tarOf(
      Object.fromEntries(Object.entries(files).map(([file, text]) => [file.slice(1), text])),
    );
    const container = docker.getContainer(ids.get(name) as string);
    await ask(`files for ${name}`, container.putArchive(archive, { path: "/" }));
  }

  const watch = watchDaemon(docker, label);

  /** With the daemon gone nothing can be removed: `removeAbandoned` does it when it is back. */
  async function dispose(): Promise<void> {
    await Promise.race([Promise.allSettled(making), watch.lost]);
    watch[Symbol.dispose]();
    if (!watch.isLost()) await removeAll(docker, label, REMOVED_WITHIN_MS);
    pledge[Symbol.dispose]();
  }

  const network = `seaworthy-${id.slice(0, 8)}`;
  let subnet: string;
  try {
    const made = await ask(
      "making a network",
      docker.createNetwork({
        Name: network,
        Labels: labels,
        Options: { "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1" },
      }),
    );
    const { IPAM } = await ask("looking at the network", made.inspect());
    subnet = (IPAM?.Config?.[0] as { Subnet?: string } | undefined)?.Subnet ?? "";
    if (subnet === "") throw new Error(`network ${network} has no subnet`);
  } catch (error) {
    await dispose().catch(() => {});
    throw error;
  }

  return {
    docker,
    lost: watch.lost,
    label,
    subnet,
    create(spec) {
      if (disposed)
        return Promise.reject(new Error(`${spec.name} was to be made after its fleet was disposed`));
      const container = make(spec);
      making.add(container);
      container.then(
        () => making.delete(container),
        () => making.delete(container),
      );
      return container;
    },
    put,
    idOf: (name) => ids.get(name) ?? "",
    async plug(name, isIn) {
      const Container = ids.get(name) as string;
      const { NetworkSettings } = await ask(`a look at ${name}`, docker.getContainer(Container).inspect());
      if (network in NetworkSettings.Networks === isIn) return;
      const own = docker.getNetwork(network);
      await ask(
        `${isIn ? "connecting" : "disconnecting"} ${name}`,
        isIn
          ? own.connect({ Container, EndpointConfig: { Aliases: [name] } })
          : own.disconnect({ Container, Force: false }),
      );
    },
    [Symbol.asyncDispose]: () => {
      disposed ??= dispose();
      return disposed;
    },
  };
}

/**
 * What harnesses of this machine that are gone have left: only after the daemon itself was away while they cleared up.
 * Those that live are let alone.
 */
export async function removeAbandoned(docker: Docker): Promise<void> {
  const filters = { label: [`${HOST}=${os.hostname()}`] };
  const [containers, networks] = await Promise.all([
    ask("listing containers", docker.listContainers({ all: true, filters })),
    ask("listing networks", docker.listNetworks({ filters })),
  ]);
  const runs = new Map(
    [...containers, ...networks].map(({ Labels }) => [Labels?.[RUN] ?? "", Labels?.[OWNER] ?? ""]),
  );
  for (const [run, owner] of runs) {
    const [pid, startTime] = owner.split(":") as [string, string?];
    if (run === "" || startTimeOf(Number(pid)) === startTime) continue;
    await removeAll(docker, `${RUN}=${run}`, REMOVED_WITHIN_MS).catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
  }
}

/** As Docker's API has it. No swap: what does not fit is killed, as it would be in production. */
export function shareOf({ memoryBytes, cpus }: Pick<ContainerSpec, "memoryBytes" | "cpus">) {
  return { Memory: memoryBytes, MemorySwap: memoryBytes, NanoCpus: Math.round(cpus * 1e9) };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
