import type { Evidence } from "./feature.ts";
import { plural } from "./measure.ts";
import type { RunRecord } from "./record/run-record.ts";
import { serverOfEndpoint } from "./whereabouts.ts";

/** One may be an accident of the start. */
const FEWEST = 2;

/** Handshakes that were answered with one of these statuses instead of 101. Only the native engine can tell. */
export function refusedWith(record: RunRecord, ...statuses: readonly number[]): Evidence[] {
  const refused = record.ledger.connections
    .filter((event) => event.what === "failed")
    .filter(({ reason }) => statuses.includes(Number(/status (\d{3})/.exec(reason)?.[1])));
  if (refused.length < FEWEST) return [];
  return [
    { text: `${plural(refused.length, "handshake")} answered with ${statuses.join(" or ")}` },
    ...refused.slice(0, 5).map(({ client, atMs, endpoint, reason }) => ({
      text: `client ${client} at ${serverOfEndpoint(endpoint)}: ${reason}`,
      atMs,
      client,
    })),
  ];
}
