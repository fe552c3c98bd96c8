import type { ParamValue } from "../scenarios/model/scenario.ts";
import { BALANCED, type RunRecord, UNPLACED } from "./record/run-record.ts";

/** `server-2` of `server-2` and of `server-2/clients`; undefined for `redis` and the like. */
export function serverOfTarget(target: string): string | undefined {
  return /^(server-\d+)(\/|$)/.exec(target)?.[1];
}

/**
 * Whether what acts on this target acts on such a connection: on one to that server, told by what CONNECTED named or by
 * what was dialled; on every one where it is no single server's (a balancer, the proxy, a user's own process), or where
 * it may be any server's.
 */
export function isOnTheWay(
  target: string,
  { server, endpoint }: { readonly server?: string; readonly endpoint: number },
): boolean {
  const hit = serverOfTarget(target);
  if (hit === undefined || (endpoint === UNPLACED && server === undefined)) return true;
  return server === hit || serverOfEndpoint(endpoint) === hit;
}

/** Endpoint i is `server-<i+1>`; where a balancer chose the server, only CONNECTED can tell. */
export function serverOfEndpoint(endpoint: number): string {
  if (endpoint === UNPLACED) return "the system";
  return endpoint === BALANCED ? "the balancer" : `server-${endpoint + 1}`;
}

/** Which server each client was connected to at a time; undefined before its first connection. */
export function connectionsOf(record: RunRecord): (client: number, atMs: number) => string | undefined {
  const ofClient = new Map<number, { atMs: number; server: string }[]>();
  for (const event of record.ledger.connections) {
    if (event.what !== "connected") continue;
    const own = ofClient.get(event.client) ?? [];
    own.push({ atMs: event.atMs, server: event.server ?? serverOfEndpoint(event.endpoint) });
    ofClient.set(event.client, own);
  }
  return (client, atMs) => ofClient.get(client)?.findLast((event) => event.atMs <= atMs)?.server;
}

/**
 * Where a message sent to a destination is delivered. From the scenario's two templates (`/app/chat.send/{room}` and
 * `/topic/room.{room}`), by what stands for `{room}`; without templates a message is delivered where it was sent
 * to, as on a plain broker. Undefined where the destination does not fit.
 */
export function routeOf(
  params: Readonly<Record<string, ParamValue>>,
): (destination: string) => string | undefined {
  const { sendDestination: from, subscribeDestination: to } = params;
  if (typeof from !== "string" || typeof to !== "string") return (destination) => destination;
  const [before, after] = from.split("{room}");
  if (before === undefined || after === undefined) {
    return (destination) => (destination === from ? to : undefined);
  }
  // Asked for every delivery, of a few rooms.
  const known = new Map<string, string | undefined>();
  return (destination) => {
    if (known.has(destination)) return known.get(destination);
    const fits = destination.startsWith(before) && destination.endsWith(after);
    const room = fits ? destination.slice(before.length, destination.length - after.length) : "";
    const route = room === "" ? undefined : to.replaceAll("{room}", room);
    known.set(destination, route);
    return route;
  };
}
