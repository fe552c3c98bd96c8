import { X509Certificate } from "node:crypto";
import { lookup } from "node:dns/promises";
import { mkdir, readFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { WebSocket } from "ws";
import type { Link } from "../../chaos/topology.ts";
import type { External, Plan } from "../../reports/record/plan.ts";
import type { LoadAccess } from "../../scenarios/model/load-config.ts";
import { SeaworthyError } from "../errors.ts";
import type { Tools } from "../provision/tools.ts";
import { withSecrets } from "../secrets.ts";
import { onDisk } from "./disk.ts";
import {
  behindFrameProxy,
  FRAME_PROXY,
  type FrameProxyProcess,
  frameProxyProcess,
  linksWithFrames,
} from "./frame-proxy-process.ts";
import { choosePorts } from "./ports.ts";
import type { OwnProcess, ProcessNews } from "./process-port.ts";
import type { Supervisor } from "./supervisor.ts";
import type { RunningTarget } from "./target.ts";
import { toxiproxyProcess } from "./toxiproxy-process.ts";

export interface ExternalOptions {
  readonly plan: Plan;
  readonly tools: Pick<Tools, "node" | "toxiproxy">;
  readonly runDir: string;
  readonly supervisor: Supervisor;
  /** Hosts off this machine that may be loaded: `host` or `host:port`. */
  readonly allowHosts: readonly string[];
  readonly signal: AbortSignal;
  readonly onEvent: (event: ProcessNews) => void;
}

const UPGRADE_DEADLINE_MS = 5_000;
const SUB_PROTOCOLS = ["v12.stomp", "v11.stomp", "v10.stomp"];

/**
 * Meets a system that somebody else runs. Nothing of it is started or stopped; a proxy is put in front of its
 * addresses only when the timeline has a fault on such a link (`server-N/clients`, N by the order of the addresses).
 *
 * @throws SeaworthyError SW_NOT_ALLOWED before anything is sent, SW_BAD_FAULT_WINDOW for a fault on a link that
 * cannot have a proxy, SW_START_FAILED when an address does not answer as a WebSocket server.
 */
export async function meetExternal(options: ExternalOptions): Promise<RunningTarget> {
  const { plan, allowHosts, signal } = options;
  const external = plan.target as External;
  const touched = new Set(plan.timeline.map((window) => window.target));
  const proxied = external.urls
    .map((url, i) => ({ name: `server-${i + 1}/clients`, url }))
    .filter(({ name }) => touched.has(name));

  assertProxiesPossible(plan);
  await assertAllowed(external, allowHosts);
  signal.throwIfAborted();
  await Promise.all(external.urls.map((url) => assertUpgrades(url, external)));
  signal.throwIfAborted();
  const proxies = proxied.length > 0 ? await startProxies(proxied, options) : undefined;
  const links = proxies?.links ?? [];

  return {
    topology: { links, processes: [], stores: [] },
    endpoints: external.urls.map((url, i) =>
      throughLink(
        url,
        links.find((link) => link.name === `server-${i + 1}/clients`),
      ),
    ),
    ...hostsOf(proxied, links),
    ...(external.caFile === undefined ? {} : { caFile: external.caFile }),
    servers: external.metricsUrls.map((metricsUrl, i) => ({ name: `server-${i + 1}`, metricsUrl })),
    access: accessOf(external),
    versions: proxies ? { toxiproxy: options.tools.toxiproxy.version } : {},
    pids(): Record<string, number> {
      return Object.fromEntries(
        (proxies?.processes ?? []).flatMap((process) => {
          const pid = process.pid();
          return pid === undefined ? [] : [[process.name, pid]];
        }),
      );
    },
    async [Symbol.asyncDispose]() {
      await proxies?.stop();
    },
  };
}

function accessOf({ connectHeaders: headers, origin }: External): LoadAccess {
  return { kind: "headers", headers, ...(origin === undefined ? {} : { origin }) };
}

/** Throws SW_USAGE for a secret that the environment does not have, or an authority that cannot be read. Sends nothing. */
export async function assertCredentials(
  external: External,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  withSecrets(accessOf(external), env);
  if (external.caFile !== undefined) await readCa(external.caFile);
}

/** Throws SW_BAD_FAULT_WINDOW for a fault on a link that cannot have a proxy. Sends nothing. */
export function assertProxiesPossible(plan: Plan): void {
  const touched = new Set(plan.timeline.map((window) => window.target));
  for (const [i, url] of (plan.target as External).urls.entries()) {
    const name = `server-${i + 1}/clients`;
    if (touched.has(name)) assertCanHaveProxy(name, url, plan);
  }
}

/**
 * TLS passes through the proxy untouched, since the clients go on to ask for the real name (see `hostsOf`). What that
 * cannot do is refused: reading frames, and telling apart two addresses of one host.
 */
function assertCanHaveProxy(name: string, url: string, plan: Plan): void {
  if (!isTls(url)) return;
  const refuse = (why: string, hint: string) =>
    new SeaworthyError("SW_BAD_FAULT_WINDOW", `a fault on ${name}: ${why}`, hint);
  if (linksWithFrames(plan).has(name)) {
    throw refuse(
      `single frames of ${url} cannot be seen, they are encrypted`,
      "use the ws:// address behind the TLS terminator, or a fault on the whole link",
    );
  }
  if (net.isIP(new URL(url).hostname.replace(/^\[|\]$/g, "")) > 0) {
    throw refuse(
      `clients of ${url} can only be led through a proxy by a name, which their certificate needs too`,
      "write the name that the certificate is for, such as localhost",
    );
  }
  const sameHost = (plan.target as External).urls.filter(
    (other) => isTls(other) && hostAndPort(new URL(other)) === hostAndPort(new URL(url)),
  );
  if (sameHost.length > 1) {
    throw refuse(
      `${sameHost.join(" and ")} lead to the same port, and TLS hides which of them a client wants`,
      "give each instance's own address",
    );
  }
}

function isTls(url: string): boolean {
  return new URL(url).protocol === "wss:";
}

/** Throws SW_NOT_ALLOWED unless every address is on this machine or allowed by name. Sends nothing. */
export async function assertAllowed(target: External, allowHosts: readonly string[]): Promise<void> {
  await Promise.all([...target.urls, ...target.metricsUrls].map((url) => assertHostAllowed(url, allowHosts)));
}

async function assertHostAllowed(address: string, allowHosts: readonly string[]): Promise<void> {
  const url = new URL(address);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (allowHosts.includes(host) || allowHosts.includes(url.host)) return;
  if (
    net.isIP(host)
      ? isLoopback(host)
      : host === "localhost" &&
        (await lookup(host, { all: true })).every((found) => isLoopback(found.address))
  ) {
    return;
  }
  throw new SeaworthyError(
    "SW_NOT_ALLOWED",
    `${host} is not this machine`,
    `if it is yours to load, say so: --allow-host ${host}`,
  );
}

function isLoopback(address: string): boolean {
  return address === "::1" || (net.isIPv4(address) && address.startsWith("127."));
}

/** An open port says little: it must accept a WebSocket upgrade. */
async function assertUpgrades(url: string, { origin, caFile }: External): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = new WebSocket(url, SUB_PROTOCOLS, {
    handshakeTimeout: UPGRADE_DEADLINE_MS,
    followRedirects: false,
    ...(caFile === undefined ? {} : { ca: await readCa(caFile) }),
    ...(origin === undefined ? {} : { origin }),
  });
  socket.on("open", () => resolve(undefined));
  socket.on("unexpected-response", (_, response) =>
    resolve(`it answered ${response.statusCode} ${response.statusMessage} instead of upgrading`),
  );
  socket.on("error", (error) => resolve(error.message));
  const seen = await promise;
  socket.terminate();
  if (seen === undefined) return;
  throw new SeaworthyError(
    "SW_START_FAILED",
    `no WebSocket at ${url}: ${seen}`,
    "check the address, its path and the Origin it wants",
  );
}

interface Proxies {
  readonly links: readonly Link[];
  readonly processes: readonly OwnProcess[];
  stop(): Promise<void>;
}

/** Toxiproxy in front of each, and the frame proxy behind it where a fault acts on single frames. */
async function startProxies(
  proxied: readonly { readonly name: string; readonly url: string }[],
  options: ExternalOptions,
): Promise<Proxies> {
  const { plan, tools, supervisor, runDir, onEvent } = options;
  const names = proxied.map(({ name }) => name);
  const framed = proxied.filter(({ name }) => linksWithFrames(plan).has(name));
  const framePorts =
    framed.length > 0 ? [FRAME_PROXY, ...framed.map(({ name }) => behindFrameProxy(name))] : [];
  const [ports, folder] = await Promise.all([
    choosePorts(["toxiproxy", ...names, ...framePorts]),
    supervisor.temporaryFolder("proxies"),
    onDisk("the folder for logs", () => mkdir(path.join(runDir, "logs"), { recursive: true })),
  ]);
  const here = (name: string) => `127.0.0.1:${ports[name]}`;
  const own = { tools, supervisor, onEvent, folder };
  const logFile = (name: string) => path.resolve(runDir, "logs", `${name}.log`);
  const toxiproxy = toxiproxyProcess({
    name: "toxiproxy",
    ...own,
    port: ports.toxiproxy as number,
    logFile: logFile("toxiproxy"),
    links: proxied.map(({ name, url }) => ({
      name,
      listen: here(name),
      upstream: framed.some((link) => link.name === name)
        ? here(behindFrameProxy(name))
        : hostAndPort(new URL(url)),
      probe: isTls(url) ? "https" : "http",
      ...(isTls(url) ? { serverName: new URL(url).hostname } : {}),
    })),
  });
  const frameProxy: FrameProxyProcess | undefined =
    framed.length === 0
      ? undefined
      : frameProxyProcess({
          ...own,
          port: ports[FRAME_PROXY] as number,
          logFile: logFile(FRAME_PROXY),
          seed: plan.seed,
          links: framed.map(({ name, url }) => ({
            name,
            listen: here(behindFrameProxy(name)),
            upstream: hostAndPort(new URL(url)),
          })),
        });
  const processes = [toxiproxy.process, ...(frameProxy ? [frameProxy.process] : [])];
  await toxiproxy.start();
  await frameProxy?.start();
  return {
    links: toxiproxy.links.map((link) => frameProxy?.withFrames(link) ?? link),
    processes,
    async stop() {
      await Promise.all(processes.map((process) => process.stop()));
    },
  };
}

async function readCa(caFile: string): Promise<Buffer> {
  try {
    const pem = await readFile(caFile);
    // TLS itself takes anything for an authority, and then trusts nobody.
    new X509Certificate(pem);
    return pem;
  } catch (error) {
    throw new SeaworthyError(
      "SW_USAGE",
      `cannot read --ca-file: ${(error as Error).message}`,
      "give a PEM file",
    );
  }
}

/**
 * Where clients of a wss:// address are led instead of asking DNS: they dial the proxy, and their SNI, their Host and
 * the certificate's name stay what they are.
 */
function hostsOf(
  proxied: readonly { readonly name: string; readonly url: string }[],
  links: readonly Link[],
): { readonly hosts?: Readonly<Record<string, string>> } {
  const tls = proxied.filter(({ url }) => isTls(url));
  if (tls.length === 0) return {};
  return {
    hosts: Object.fromEntries(
      tls.map(({ name, url }) => [
        hostAndPort(new URL(url)),
        links.find((link) => link.name === name)?.listen as string,
      ]),
    ),
  };
}

/** The address that clients dial. For ws:// the Host header becomes the proxy's: a server that chooses by it sees that. */
function throughLink(address: string, link: Link | undefined): string {
  if (link === undefined || isTls(address)) return address;
  const url = new URL(address);
  url.host = link.listen;
  return url.href;
}

/** `URL` leaves out the port that is usual for its scheme. */
function hostAndPort(url: URL): string {
  return url.port ? url.host : `${url.hostname}:${url.protocol === "wss:" ? 443 : 80}`;
}
