import type { AuditLine } from "../../reports/record/samples.ts";
import {
  clientMessageId,
  findIdentity,
  type Identity,
  identityPrefix,
} from "../../scenarios/model/identity.ts";
import { postgresClient } from "./postgres.ts";

const CONNECT_DEADLINE_MS = 5_000;
const QUERY_DEADLINE_MS = 30_000;
/** Longer than any identity: a prefix, a nonce, three numbers. */
const IDENTITY_CHARACTERS_MAX = 128;

/** A row of the store. Whichever of the two names a message of the run, it is that message's. */
export interface StoredRow {
  /** By what the server knows a repetition; a server may use an id of its own for that (B216). */
  readonly id: string;
  /** The beginning of what was said. */
  readonly text: string;
}

/**
 * What Postgres holds of a run's own messages, asked directly, past every proxy. Rejects when Postgres does not
 * answer within the deadlines.
 */
export async function auditPostgres(port: number, nonce: string): Promise<AuditLine> {
  const client = await postgresClient(port, { connectMs: CONNECT_DEADLINE_MS, queryMs: QUERY_DEADLINE_MS });
  try {
    await client.connect();
    const { rows } = await client.query<StoredRow>(
      `SELECT client_message_id AS id, left(content, $3) AS text FROM chat_messages
       WHERE starts_with(client_message_id, $1) OR starts_with(content, $2)`,
      [`${nonce}-`, identityPrefix(nonce), IDENTITY_CHARACTERS_MAX],
    );
    return storedIntervals(nonce, rows);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Rows as intervals of each publisher's slots. Those of other runs, and malformed ones, are left out. */
export function storedIntervals(nonce: string, stored: readonly StoredRow[]): AuditLine {
  const slotsOf = new Map<number, number[]>();
  let rows = 0;
  for (const row of stored) {
    const message = byId(nonce, row.id) ?? byText(nonce, row.text);
    if (!message) continue;
    const { publisher, slot } = message;
    rows++;
    const slots = slotsOf.get(publisher);
    if (slots) slots.push(slot);
    else slotsOf.set(publisher, [slot]);
  }
  const intervalsOfAll = [...slotsOf]
    .sort(([a], [b]) => a - b)
    .flatMap(([publisher, slots]) =>
      intervals(slots.sort((a, b) => a - b)).map(([from, to]) => [publisher, from, to] as const),
    );
  return { source: "postgres", stored: intervalsOfAll, rows };
}

type Message = Pick<Identity, "publisher" | "slot">;

function byId(nonce: string, id: string): Message | undefined {
  const [publisher, slot] = id
    .slice(nonce.length + 1)
    .split("-")
    .map(Number);
  if (publisher === undefined || slot === undefined) return undefined;
  return clientMessageId(nonce, publisher, slot) === id ? { publisher, slot } : undefined;
}

/** Only at the beginning: who quotes a message has not stored it. */
function byText(nonce: string, text: string): Message | undefined {
  const prefix = identityPrefix(nonce);
  return text.startsWith(prefix) ? findIdentity(text, prefix) : undefined;
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
