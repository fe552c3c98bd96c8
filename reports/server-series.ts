import type { RunRecord } from "./record/run-record.ts";
import type { ServerSample } from "./record/samples.ts";
import { serverOfEndpoint } from "./whereabouts.ts";

/** The scrapes of each server that answered, by time. */
export function scrapesByServer(record: RunRecord): ReadonlyMap<string, readonly ServerSample[]> {
  const map = new Map<string, ServerSample[]>();
  for (const sample of record.samples.servers) {
    if (!sample.up) continue;
    const own = map.get(sample.server);
    if (own) own.push(sample);
    else map.set(sample.server, [sample]);
  }
  return map;
}

/** How many connections the clients say they had to a server, after each change; ascending by time. */
export function clientsByServer(record: RunRecord): (server: string, atMs: number) => number {
  const changes = new Map<string, { readonly atMs: number; readonly by: 1 | -1 }[]>();
  const open = new Map<string, string>();
  for (const event of record.ledger.connections) {
    const key = `${event.client}/${event.attempt}`;
    if (event.what === "connected") {
      const server = event.server ?? serverOfEndpoint(event.endpoint);
      open.set(key, server);
      const own = changes.get(server) ?? [];
      own.push({ atMs: event.atMs, by: 1 });
      changes.set(server, own);
    }
    const server = event.what === "closed" ? open.get(key) : undefined;
    if (server !== undefined) {
      open.delete(key);
      changes.get(server)?.push({ atMs: event.atMs, by: -1 });
    }
  }
  return (server, atMs) => {
    let count = 0;
    for (const change of changes.get(server) ?? []) {
      if (change.atMs > atMs) break;
      count += change.by;
    }
    return count;
  };
}
