import type { AuditLine } from "../../reports/record/samples.ts";
import { clientMessageId } from "../../scenarios/model/identity.ts";
import { database } from "./postgres.ts";

const CONNECT_DEADLINE_MS = 5_000;
const QUERY_DEADLINE_MS = 30_000;

/**
 * What Postgres holds of a run's own messages, asked directly, past every proxy. Rejects when Postgres does not
 * answer within the deadlines.
 */
export async function auditPostgres(port: number, nonce: string): Promise<AuditLine> {
  const { Client } = (await import("pg")).default;
  const client = new Client({
    host: "127.0.0.1",
    port,
    user: database.user,
    database: database.name,
    password: database.password,
    connectionTimeoutMillis: CONNECT_DEADLINE_MS,
    query_timeout: QUERY_DEADLINE_MS,
    statement_timeout: QUERY_DEADLINE_MS,
  });
  client.on("error", () => {}); // a connection that breaks later rejects the query that waits for it
  try {
    await client.connect();
    const { rows } = await client.query<{ id: string }>(
      "SELECT client_message_id AS id FROM chat_messages WHERE starts_with(client_message_id, $1)",
      [`${nonce}-`],
    );
    return storedIntervals(
      nonce,
      rows.map((row) => row.id),
    );
  } finally {
    await client.end().catch(() => {});
  }
}

/** Message ids as intervals of each publisher's slots. Ids of other runs, and malformed ones, are left out. */
export function storedIntervals(nonce: string, messageIds: readonly string[]): AuditLine {
  const slotsOf = new Map<number, number[]>();
  let rows = 0;
  for (const id of messageIds) {
    const [publisher, slot] = id
      .slice(nonce.length + 1)
      .split("-")
      .map(Number);
    if (publisher === undefined || slot === undefined || clientMessageId(nonce, publisher, slot) !== id)
      continue;
    rows++;
    const slots = slotsOf.get(publisher);
    if (slots) slots.push(slot);
    else slotsOf.set(publisher, [slot]);
  }
  const stored = [...slotsOf]
    .sort(([a], [b]) => a - b)
    .flatMap(([publisher, slots]) =>
      intervals(slots.sort((a, b) => a - b)).map(([from, to]) => [publisher, from, to] as const),
    );
  return { source: "postgres", stored, rows };
}

/** Sorted numbers, with repetitions, as inclusive runs. */
function intervals(sorted: readonly number[]): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const value of sorted) {
    const last = runs.at(-1);
    if (last && value <= last[1] + 1) last[1] = value;
    else runs.push([value, value]);
  }
  return runs;
}
