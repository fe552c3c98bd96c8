import type { RunRecord } from "../../record/run-record.ts";
import type { Phase } from "../../windows.ts";
import { serverOf } from "./closes.ts";
import { activeConnections, serverNames } from "./server-series.ts";

/** Connections of each server at the end of each phase (G26), and the server's count against the clients' (G24). */
export interface Balance {
  readonly servers: readonly string[];
  /** By phase, then by server. `server` is absent where it did not answer. */
  readonly ends: readonly {
    readonly phase: string;
    readonly atMs: number;
    readonly counts: readonly { readonly server?: number; readonly clients: number }[];
    /** Fullest server over the mean, by the clients' count; absent without connections. */
    readonly maxOverMean?: number;
  }[];
}

/** Older scrapes than this say nothing about the phase's end. */
const SCRAPE_AGE_MS = 3_000;

export function balanceOf(record: RunRecord, phases: readonly Phase[]): Balance {
  const seen = record.ledger.connections.flatMap((event) =>
    event.what === "connected" ? [serverOf(event)] : [],
  );
  const servers = [...new Set([...serverNames(record), ...seen])].sort();
  const ends = phases.map((phase) => {
    const open = openConnections(record, phase.toMs);
    const counts = servers.map((name) => {
      const server = scrapedAt(record, name, phase.toMs);
      return { ...(server === undefined ? {} : { server }), clients: open.get(name) ?? 0 };
    });
    const total = counts.reduce((sum, { clients }) => sum + clients, 0);
    const fullest = Math.max(0, ...counts.map(({ clients }) => clients));
    return {
      phase: phase.name,
      atMs: phase.toMs,
      counts,
      ...(total === 0 ? {} : { maxOverMean: Math.round((fullest * servers.length * 100) / total) / 100 }),
    };
  });
  return { servers, ends };
}

function openConnections(record: RunRecord, atMs: number): ReadonlyMap<string, number> {
  const open = new Map<number, string>();
  for (const event of record.ledger.connections) {
    if (event.atMs >= atMs) break;
    if (event.what === "connected") open.set(event.client, serverOf(event));
    if (event.what === "closed") open.delete(event.client);
  }
  const counts = new Map<string, number>();
  for (const server of open.values()) counts.set(server, (counts.get(server) ?? 0) + 1);
  return counts;
}

function scrapedAt(record: RunRecord, server: string, atMs: number): number | undefined {
  const last = record.samples.servers.findLast((sample) => sample.server === server && sample.atMs <= atMs);
  return last === undefined || last.atMs < atMs - SCRAPE_AGE_MS ? undefined : activeConnections(last);
}
