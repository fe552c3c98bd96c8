import { Toxiproxy, ToxiproxyError, Proxy as ToxiproxyProxy } from "toxiproxy-node-client";
import { type Carry, carryBy } from "./carry.ts";
import { DeadlinePassed, within } from "./deadline.ts";
import { closing, type ProbeKind, roundTrip } from "./round-trip.ts";
import type { Link, Toxic } from "./topology.ts";

/** A call can block while a writer of the proxied link is stuck, and the client has no time-out of its own (E63). */
export const API_DEADLINE_MS = 4_000;

export interface LinkOptions {
  /** Of Toxiproxy's API, such as `http://127.0.0.1:8474`. */
  readonly apiUrl: string;
  /** `server-1/clients`. */
  readonly name: string;
  /** `host:port`, with the port that is really listened on. */
  readonly listen: string;
  /** What the proxy itself is told, where that differs: in a container it listens for others. */
  readonly listenInside?: string;
  readonly upstream: string;
  /** The question that `roundTripMs` asks through the link. */
  readonly probe: ProbeKind;
  /** For the probe `https`: the name that the far end's certificate is for. */
  readonly serverName?: string;
  /** How `carryMs` moves bytes; must be given for `postgres`, whose protocol needs a user for that. */
  readonly carry?: Carry;
  /** For each call of the API; default `API_DEADLINE_MS`. */
  readonly apiDeadlineMs?: number;
}

/** How Toxiproxy knows a link: its API takes the name as one path segment, so a slash cannot be part of it. */
export function proxyName(linkName: string): string {
  return linkName.replaceAll("/", ".");
}

/**
 * One link through its own proxy of a running Toxiproxy. The proxy must exist already (`-config`, see
 * `proxyConfig`). Every call rejects after its deadline.
 */
export function toxiproxyLink(options: LinkOptions): Link {
  const { name, listen, probe, apiDeadlineMs = API_DEADLINE_MS } = options;
  const { listenInside = listen } = options;
  const carry = options.carry ?? (probe === "postgres" ? undefined : carryBy(probe));
  let { upstream } = options;
  let isCut = false;
  const inForce = new Map<string, Toxic>();
  const client = new Toxiproxy(options.apiUrl);
  const proxy = new ToxiproxyProxy(client, {
    name: proxyName(name),
    listen: listenInside,
    upstream,
    enabled: true,
    toxics: [],
  });
  const colon = listen.lastIndexOf(":");
  const address = {
    host: listen.slice(0, colon),
    port: Number(listen.slice(colon + 1)),
    ...(options.serverName ? { serverName: options.serverName } : {}),
  };
  const call = <T>(what: string, promise: Promise<T>) =>
    within(apiDeadlineMs, `Toxiproxy: ${what} on ${name}`, promise);

  /** With the upstream of now: another one cuts what is open. */
  const enable = (enabled: boolean) =>
    call(enabled ? "enabling" : "disabling", proxy.update({ enabled, listen: listenInside, upstream }));

  async function add({ name, type, stream, attributes }: Toxic): Promise<void> {
    const toxic = {
      name,
      stream,
      attributes,
      toxicity: 1,
      type: type as Parameters<typeof proxy.addToxic>[0]["type"],
    };
    await call(`adding toxic ${name}`, proxy.addToxic(toxic));
  }

  /**
   * Adding or removing a toxic while a writer is stuck blocks with the proxy's lock held, for ever, also when its
   * connections are closed: the proxy answers nobody any more (2.12, measured). Another one takes its place, with the
   * toxics that are to stay; the connections end.
   */
  async function makeAnew(): Promise<void> {
    await call("deleting", client.getApi().delete(proxy.getPath()));
    const config = { name: proxyName(name), listen: listenInside, upstream, enabled: !isCut };
    await call("making anew", client.createProxy(config));
    for (const toxic of inForce.values()) await add(toxic);
  }

  return {
    kind: "link",
    name,
    listen,
    get upstream() {
      return upstream;
    },
    async addToxic(toxic) {
      try {
        await add(toxic);
      } catch (error) {
        if (error instanceof DeadlinePassed) await makeAnew();
        throw error;
      }
      inForce.set(toxic.name, toxic);
    },
    async removeToxic(toxic) {
      try {
        await call(`removing toxic ${toxic}`, client.getApi().delete(`${proxy.getPath()}/toxics/${toxic}`));
      } catch (error) {
        if (error instanceof DeadlinePassed) {
          inForce.delete(toxic);
          await makeAnew();
        } else if (!isNotFound(error)) throw error;
      }
      inForce.delete(toxic);
    },
    async toxics() {
      const { data } = await call(
        "listing toxics",
        client.getApi().get<{ name: string }[]>(`${proxy.getPath()}/toxics`),
      );
      return data.map((toxic) => toxic.name);
    },
    async cut() {
      isCut = true;
      await enable(false);
    },
    async mend() {
      isCut = false;
      await enable(true);
    },
    async repoint(to) {
      upstream = to;
      await enable(!isCut);
    },
    roundTripMs: (timeoutMs) => roundTrip(address, probe, timeoutMs),
    async carryMs(bytes, stream, timeoutMs) {
      if (!carry) throw new Error(`${name} has nothing to carry bytes with`);
      return carry(address, bytes, stream, timeoutMs);
    },
    closeMs: (timeoutMs) => closing(address, probe, timeoutMs),
  };
}

/** The text of Toxiproxy's `-config` file: what it listens on from its first moment, also after a restart. */
export function proxyConfig(links: readonly Pick<LinkOptions, "name" | "listen" | "upstream">[]): string {
  return JSON.stringify(
    links.map(({ name, listen, upstream }) => ({ name: proxyName(name), listen, upstream, enabled: true })),
    undefined,
    2,
  );
}

/** Names of the proxies that listen, among those asked for. Rejects while the API does not answer. */
export async function listening(apiUrl: string, linkNames: readonly string[]): Promise<readonly string[]> {
  const all = await within(API_DEADLINE_MS, "Toxiproxy: listing proxies", new Toxiproxy(apiUrl).getAll());
  return linkNames.filter((name) => all[proxyName(name)]?.enabled === true);
}

function isNotFound(error: unknown): boolean {
  return error instanceof ToxiproxyError && error.message.endsWith(" 404");
}
