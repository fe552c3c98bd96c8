import { lookup } from "node:dns/promises";
import { mkdir } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { WebSocket } from "ws";
import type { Link } from "../../chaos/topology.ts";
import type { External, Plan } from "../../reports/record/plan.ts";
import { SeaworthyError } from "../errors.ts";
import type { Tools } from "../provision/tools.ts";
import { onDisk } from "./disk.ts";
import { choosePorts } from "./ports.ts";
import type { ProcessNews } from "./process-port.ts";
import type { Supervisor } from "./supervisor.ts";
import type { RunningTarget } from "./target.ts";
import { type ToxiproxyProcess, toxiproxyProcess } from "./toxiproxy-process.ts";

export interface ExternalOptions {
  readonly plan: Plan;
  readonly tools: Pick<Tools, "toxiproxy">;
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

  for (const { name, url } of proxied) assertCanHaveProxy(name, url);
  await assertAllowed(external, allowHosts);
  signal.throwIfAborted();
  await Promise.all(external.urls.map((url) => assertUpgrades(url, external.origin)));
  signal.throwIfAborted();
  const toxiproxy = proxied.length > 0 ? await startProxies(proxied, options) : undefined;
  const links = toxiproxy?.links ?? [];

  return {
    topology: { links, processes: [], stores: [] },
    endpoints: external.urls.map((url, i) =>
      throughLink(
        url,
        links.find((link) => link.name === `server-${i + 1}/clients`),
      ),
    ),
    servers: external.metricsUrls.map((metricsUrl, i) => ({ name: `server-${i + 1}`, metricsUrl })),
    access: {
      kind: "headers",
      headers: external.connectHeaders,
      ...(external.origin === undefined ? {} : { origin: external.origin }),
    },
    versions: toxiproxy ? { toxiproxy: options.tools.toxiproxy.version } : {},
    pids(): Record<string, number> {
      const pid = toxiproxy?.process.pid();
      return pid === undefined ? {} : { toxiproxy: pid };
    },
    async [Symbol.asyncDispose]() {
      await toxiproxy?.process.stop();
    },
  };
}

function assertCanHaveProxy(name: string, url: string): void {
  if (!url.startsWith("wss:")) return;
  throw new SeaworthyError(
    "SW_BAD_FAULT_WINDOW",
    `a fault on ${name} needs a proxy in front of ${url}, whose certificate would not be the proxy's`,
    "use the ws:// address behind the TLS terminator, or faults on something else",
  );
}

/** Everything off this machine must have been named by whoever may say so. Looks nothing up but `localhost`. */
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
async function assertUpgrades(url: string, origin: string | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = new WebSocket(url, SUB_PROTOCOLS, {
    handshakeTimeout: UPGRADE_DEADLINE_MS,
    followRedirects: false,
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

async function startProxies(
  proxied: readonly { readonly name: string; readonly url: string }[],
  options: ExternalOptions,
): Promise<ToxiproxyProcess> {
  const { tools, supervisor, runDir, onEvent } = options;
  const names = proxied.map(({ name }) => name);
  const [ports, folder] = await Promise.all([
    choosePorts(["toxiproxy", ...names]),
    supervisor.temporaryFolder("proxies"),
    onDisk("the folder for logs", () => mkdir(path.join(runDir, "logs"), { recursive: true })),
  ]);
  const toxiproxy = toxiproxyProcess({
    tools,
    supervisor,
    onEvent,
    folder,
    port: ports.toxiproxy as number,
    logFile: path.resolve(runDir, "logs", "toxiproxy.log"),
    links: proxied.map(({ name, url }) => ({
      name,
      listen: `127.0.0.1:${ports[name]}`,
      upstream: hostAndPort(new URL(url)),
      probe: "http",
    })),
  });
  await toxiproxy.start();
  return toxiproxy;
}

/** The address that clients dial. The Host header becomes the proxy's: a server that chooses by it sees that. */
function throughLink(address: string, link: Link | undefined): string {
  if (link === undefined) return address;
  const url = new URL(address);
  url.host = link.listen;
  return url.href;
}

/** `URL` leaves out the port that is usual for its scheme. */
function hostAndPort(url: URL): string {
  return url.port ? url.host : `${url.hostname}:${url.protocol === "wss:" ? 443 : 80}`;
}
