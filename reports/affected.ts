import type { ConnectionEvent } from "../scenarios/model/telemetry.ts";
import { BALANCED, type RunRecord, UNPLACED } from "./record/run-record.ts";
import { serverOfEndpoint, serverOfTarget } from "./whereabouts.ts";
import type { FaultSpan } from "./windows.ts";

/** Whom a fault could have hit, and whom it did: n of m connections, counted in the ledger. */
export interface Affected {
  /** Connections that were open at some moment while it was in force. */
  readonly all: number;
  /** Of these, those that led to the instance that it acted on; all of them where every instance shares its target. */
  readonly there: number;
  /** Of those there, the ones that ended while it was in force and that the client did not end itself. */
  readonly ended: number;
}

export function affectedBy(record: RunRecord, { window, fromMs, toMs }: FaultSpan): Affected {
  const server = serverOfTarget(window.target);
  const counted = { all: 0, there: 0, ended: 0 };
  for (const { opened, closed } of connectionsOf(record)) {
    if (opened.atMs >= toMs || (closed !== undefined && closed.atMs < fromMs)) continue;
    counted.all++;
    if (server !== undefined && !leadsTo(opened, server)) continue;
    counted.there++;
    if (closed !== undefined && closed.by !== "self" && closed.atMs <= toMs) counted.ended++;
  }
  return counted;
}

/** By its address; where a balancer chose, as the server named itself. */
function leadsTo({ endpoint, server }: Opened, wanted: string): boolean {
  if (endpoint === UNPLACED) return (server ?? wanted) === wanted;
  return serverOfEndpoint(endpoint) === wanted || (endpoint === BALANCED && server === wanted);
}

type Opened = Extract<ConnectionEvent, { what: "connected" }>;
type Closed = Extract<ConnectionEvent, { what: "closed" }>;

function connectionsOf(record: RunRecord): Iterable<{ readonly opened: Opened; readonly closed?: Closed }> {
  const all = new Map<string, { opened: Opened; closed?: Closed }>();
  for (const event of record.ledger.connections) {
    const key = `${event.client}/${event.attempt}`;
    if (event.what === "connected") all.set(key, { opened: event });
    const open = event.what === "closed" ? all.get(key) : undefined;
    if (open && event.what === "closed" && open.closed === undefined) open.closed = event;
  }
  return all.values();
}
