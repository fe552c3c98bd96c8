import { readFileSync } from "node:fs";
import net from "node:net";
import { SeaworthyError } from "../errors.ts";

const HOST = "127.0.0.1";
const LOWEST = 10_240;
/** Where IANA, macOS and Windows let outgoing connections begin; Linux is asked. */
const DEFAULT_EPHEMERAL_FROM = 49_152;
const TRIES_PER_PORT = 200;

/**
 * One free port on 127.0.0.1 for each name; fixed ones are checked instead. All are held at the same time while
 * choosing, then released: whoever is quicker can still take one, which its process then reports.
 *
 * They lie below the range of outgoing connections: a port in that range can be taken by any connection while its
 * server is down, and a dialler that retries it can even connect to itself.
 *
 * @throws SeaworthyError SW_PORT_TAKEN when a fixed port is taken.
 */
export async function choosePorts<Name extends string>(
  names: readonly Name[],
  fixed: Readonly<Record<string, number>> = {},
): Promise<Record<Name, number>> {
  const held: net.Server[] = [];
  try {
    const ports: [Name, number][] = [];
    for (const name of names) {
      const wanted = fixed[name];
      const server = wanted === undefined ? await holdAny() : await holdFixed(name, wanted);
      held.push(server);
      ports.push([name, (server.address() as net.AddressInfo).port]);
    }
    return Object.fromEntries(ports) as Record<Name, number>;
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

async function holdFixed(name: string, port: number): Promise<net.Server> {
  try {
    return await hold(port);
  } catch (error) {
    throw new SeaworthyError(
      "SW_PORT_TAKEN",
      `port ${port} for ${name} cannot be used: ${(error as Error).message}`,
      "choose another port, or none and let Seaworthy find a free one",
      { cause: error },
    );
  }
}

async function holdAny(): Promise<net.Server> {
  const highest = ephemeralFrom();
  for (let i = 0; i < TRIES_PER_PORT && highest > LOWEST; i++) {
    const port = LOWEST + Math.floor(Math.random() * (highest - LOWEST));
    const server = await hold(port).catch(() => undefined);
    if (server) return server;
  }
  return hold(0); // no room below: better a port with a small risk than none
}

function hold(port: number): Promise<net.Server> {
  const { promise, resolve, reject } = Promise.withResolvers<net.Server>();
  const server = net.createServer();
  server.once("error", reject);
  server.listen({ host: HOST, port, exclusive: true }, () => resolve(server));
  return promise;
}

function ephemeralFrom(): number {
  try {
    return Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/)[0]);
  } catch {
    return DEFAULT_EPHEMERAL_FROM;
  }
}
