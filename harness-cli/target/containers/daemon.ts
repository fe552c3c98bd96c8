import { setTimeout as wait } from "node:timers/promises";
import type { ContainerRuntimeClient } from "testcontainers";
import { DeadlinePassed, within } from "../../../chaos/deadline.ts";
import { SeaworthyError } from "../../errors.ts";

/** Docker's API, as testcontainers has found it. */
export type Docker = ContainerRuntimeClient["container"]["dockerode"];
export type Container = ReturnType<Docker["getContainer"]>;

/** Longer than any single answer of a healthy daemon; a start with the machine's CPU taken away has needed ten. */
export const DAEMON_DEADLINE_MS = 30_000;
const MEET_DEADLINE_MS = 10_000;

export interface Daemon {
  readonly docker: Docker;
  readonly version: string;
}

/**
 * The container daemon of this machine: DOCKER_HOST where that is set, else where testcontainers finds one.
 *
 * @throws SeaworthyError SW_NO_CONTAINERS when none answers.
 */
export async function meetDaemon(env: Readonly<Record<string, string | undefined>>): Promise<Daemon> {
  // Half a second of imports that only those pay who want containers.
  const { getContainerRuntimeClient } = await import("testcontainers");
  const { DOCKER_HOST: asked } = env;
  let client: ContainerRuntimeClient;
  try {
    client = await within(MEET_DEADLINE_MS, "the container daemon", getContainerRuntimeClient());
  } catch (error) {
    throw noDaemon(
      asked ? `nothing answers at DOCKER_HOST=${asked}` : "no container daemon answers here",
      error,
    );
  }
  const docker = client.container.dockerode;
  // testcontainers goes on to the next place when DOCKER_HOST does not answer: not where we were told to go.
  if (asked && !isAt(docker, asked)) throw noDaemon(`nothing answers at DOCKER_HOST=${asked}`);
  return { docker, version: String(client.info.containerRuntime.serverVersion) };
}

function noDaemon(what: string, cause?: unknown): SeaworthyError {
  return new SeaworthyError(
    "SW_NO_CONTAINERS",
    what,
    "start Docker (docker info says whether it is there), or leave containers out: --run-as processes",
    { cause },
  );
}

function isAt({ modem }: Docker, address: string): boolean {
  const { socketPath, host } = modem as { readonly socketPath?: string; readonly host?: string };
  if (!URL.canParse(address)) return false;
  const { hostname, pathname } = new URL(address);
  return hostname === "" ? socketPath === pathname : host === hostname;
}

/** One call with a deadline: a daemon that hangs must not hang us. */
export async function ask<T>(what: string, call: Promise<T>, deadlineMs = DAEMON_DEADLINE_MS): Promise<T> {
  try {
    return await within(deadlineMs, what, call);
  } catch (error) {
    throw forPeople(what, error);
  }
}

/** The daemon's own words where it said no; what a person can do where we know it. */
function forPeople(what: string, error: unknown): unknown {
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message: string };
  if (/no space left on device/i.test(message)) {
    return new SeaworthyError("SW_DISK_FULL", `${what}: ${message}`, "docker system df shows what is used", {
      cause: error,
    });
  }
  if (/address pools have been fully subnetted/i.test(message)) {
    return new SeaworthyError("SW_START_FAILED", `${what}: ${message}`, "docker network prune", {
      cause: error,
    });
  }
  if (
    error instanceof DeadlinePassed ||
    code === "ECONNREFUSED" ||
    code === "ENOENT" ||
    code === "ECONNRESET"
  ) {
    return new SeaworthyError(
      "SW_NO_CONTAINERS",
      `the container daemon went away: ${what}: ${message}`,
      "start it again; what it still holds of this run is removed by the next run with containers",
      { cause: error },
    );
  }
  return statusCode === undefined ? error : new DaemonRefused(what, statusCode, message, error);
}

/** The daemon answered, with a no. */
export class DaemonRefused extends Error {
  readonly status: number;
  constructor(what: string, status: number, message: string, cause: unknown) {
    super(`${what}: ${message}`, { cause });
    this.status = status;
  }
}

/** It is not there, or on its way out: what a removal wanted. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof DaemonRefused && (error.status === 404 || /already in progress/.test(error.message))
  );
}

/** Of a start: somebody else was quicker to take a port. */
export function portTaken(error: unknown): boolean {
  return (
    error instanceof DaemonRefused &&
    /port is already allocated|address already in use|bind for .* failed/i.test(error.message)
  );
}

const LOOK_AGAIN_MS = 200;

/**
 * Removes every container and network with this label, `name` or `name=value`, with their volumes. Looks again until
 * two looks in a row found nothing: a container may have been on its way when its owner died.
 */
export async function removeAll(docker: Docker, label: string, withinMs: number): Promise<void> {
  const untilMs = performance.now() + withinMs;
  const filters = { label: [label] };
  for (let empty = 0; empty < 2; ) {
    const [containers, networks] = await Promise.all([
      ask("listing containers", docker.listContainers({ all: true, filters })),
      ask("listing networks", docker.listNetworks({ filters })),
    ]);
    await Promise.all(
      containers.map(({ Id }) => gone(docker.getContainer(Id).remove({ force: true, v: true }))),
    );
    await Promise.all(networks.map(({ Id }) => gone(docker.getNetwork(Id).remove())));
    empty = containers.length + networks.length === 0 ? empty + 1 : 0;
    if (performance.now() >= untilMs) {
      if (empty > 0) return;
      throw new Error(`${containers.length} containers and ${networks.length} networks could not be removed`);
    }
    if (empty < 2) await wait(LOOK_AGAIN_MS);
  }
}

/** A network is busy until its last container is gone: the next look tries again. */
async function gone(removal: Promise<unknown>): Promise<void> {
  try {
    await ask("removing", removal);
  } catch (error) {
    if (!isGone(error) && !(error instanceof DaemonRefused && [403, 409].includes(error.status))) throw error;
  }
}
