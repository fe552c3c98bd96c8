import type { Evidence } from "./feature.ts";
import { plural, show } from "./measure.ts";
import type { RunRecord } from "./record/run-record.ts";

/** Below this it is somebody's bad luck, not what the way in does. */
const MOST = 0.5;

/**
 * Attempts to connect that were answered with one of these statuses, where they are most of those that were refused;
 * else nothing. Only the native engine tells the status.
 */
export function refusedWith(record: RunRecord, statuses: readonly number[]): readonly Evidence[] {
  const failed = record.ledger.connections.filter((event) => event.what === "failed");
  const told = failed.flatMap((event) => {
    const status = Number(/\bstatus (\d{3})\b/.exec(event.reason)?.[1]);
    return Number.isNaN(status) ? [] : [{ event, status }];
  });
  const own = told.filter(({ status }) => statuses.includes(status));
  if (own.length === 0 || own.length < MOST * failed.length) return [];
  const kinds = [...new Set(own.map(({ status }) => status))].sort().join(", ");
  return [
    { text: `${show(own.length)} of ${plural(failed.length, "refused handshake")} with status ${kinds}` },
    ...own.slice(0, 5).map(({ event, status }) => ({
      text: `client ${event.client}: status ${status}`,
      atMs: event.atMs,
      client: event.client,
    })),
  ];
}
