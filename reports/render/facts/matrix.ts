import type { Intervals, RunRecord, SubscriptionWindow } from "../../record/run-record.ts";
import { connectionsOf, routeOf } from "../../whereabouts.ts";

/** Deliveries by the server that took the SEND (row) and the server that delivered it (column), G20. */
export interface DeliveryMatrix {
  readonly servers: readonly string[];
  /** Null where nobody could be reached: no subscription there was open for anything that was sent here. */
  readonly counts: readonly (readonly (number | null)[])[];
}

/** A subscription must be open this long beside the sending before a zero means anything. */
const BESIDE_MS = 2_000;

/** A relay that does not reach the other servers shows as zeros off the diagonal. */
export function deliveryMatrix(record: RunRecord): DeliveryMatrix {
  const runs = originRuns(record);
  const counts = new Map<string, number>();
  for (const key of reachable(record, runs)) counts.set(key, 0);
  for (const [subscription, publishers] of record.ledger.received) {
    const window: SubscriptionWindow | undefined = record.ledger.windowOf.get(subscription);
    if (window === undefined) continue;
    for (const [publisher, received] of publishers) {
      for (const origin of runs.get(publisher) ?? []) {
        const count = overlap(received, origin.fromSlot, origin.toSlot);
        const key = pair(origin.server, window.server);
        if (count > 0) counts.set(key, (counts.get(key) ?? 0) + count);
      }
    }
  }
  const servers = [...new Set([...counts.keys()].flatMap((key) => key.split(SEPARATOR)))].sort();
  return { servers, counts: servers.map((from) => servers.map((to) => counts.get(pair(from, to)) ?? null)) };
}

const SEPARATOR = "\u0001";

function pair(from: string, to: string): string {
  return `${from}${SEPARATOR}${to}`;
}

/** A stretch of a publisher's slots that went through one server to one destination. */
interface OriginRun {
  readonly server: string;
  readonly destination: string;
  readonly fromSlot: number;
  readonly toSlot: number;
  readonly fromMs: number;
  readonly toMs: number;
}

function originRuns(record: RunRecord): ReadonlyMap<number, readonly OriginRun[]> {
  const serverOf = connectionsOf(record);
  const runs = new Map<number, OriginRun[]>();
  for (const [publisher, sends] of record.ledger.sends) {
    const own: OriginRun[] = [];
    for (const { slot, sentMs, destination } of sends) {
      const server = serverOf(publisher, sentMs);
      if (server === undefined) continue;
      const last = own.at(-1);
      if (last?.server === server && last.destination === destination) {
        own[own.length - 1] = { ...last, toSlot: slot, toMs: sentMs };
      } else own.push({ server, destination, fromSlot: slot, toSlot: slot, fromMs: sentMs, toMs: sentMs });
    }
    runs.set(publisher, own);
  }
  return runs;
}

function reachable(record: RunRecord, runs: ReadonlyMap<number, readonly OriginRun[]>): ReadonlySet<string> {
  const route = routeOf(record.plan.scenario.params);
  const windows = Map.groupBy(record.ledger.windows, (window) => window.destination);
  const pairs = new Set<string>();
  for (const run of [...runs.values()].flat()) {
    for (const window of windows.get(route(run.destination) ?? "") ?? []) {
      const besideMs = Math.min(run.toMs, window.toMs) - Math.max(run.fromMs, window.fromMs);
      if (besideMs >= BESIDE_MS) pairs.add(pair(run.server, window.server));
    }
  }
  return pairs;
}

function overlap(intervals: Intervals, fromSlot: number, toSlot: number): number {
  let count = 0;
  for (let i = 0; i + 1 < intervals.length; i += 2) {
    const from = Math.max(intervals[i] as number, fromSlot);
    const to = Math.min(intervals[i + 1] as number, toSlot);
    if (to >= from) count += to - from + 1;
  }
  return count;
}
