import type { Inserted, Store } from "../store.ts";
import { failureOf } from "./store-failure.ts";

/**
 * The tables of A84 beside the messages. `notifications` is each user's journal: everything that must reach a user is
 * a row of it before it is sent. `state` is 0 stored, 1 in the offline buffer, 2 sent.
 */
export const journalSchema = `
  CREATE TABLE IF NOT EXISTS notifications (
    seq bigserial PRIMARY KEY,
    message_id text NOT NULL,
    user_id text NOT NULL,
    queue text NOT NULL,
    payload text NOT NULL,
    is_read boolean NOT NULL DEFAULT false,
    state smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (message_id, user_id)
  );
  CREATE INDEX IF NOT EXISTS notifications_user ON notifications (user_id, queue, seq);
  CREATE INDEX IF NOT EXISTS notifications_unsent ON notifications (created_at) WHERE state = 0;
  CREATE TABLE IF NOT EXISTS direct_messages (
    id text PRIMARY KEY,
    sender_id text NOT NULL,
    recipient_id text NOT NULL,
    client_message_id text NOT NULL,
    content text NOT NULL,
    status text NOT NULL DEFAULT 'SENT',
    created_at timestamptz NOT NULL,
    server_id text NOT NULL,
    UNIQUE (sender_id, client_message_id)
  );
`;

/** What one event puts into journals: a row for each user it is for. */
export interface JournalEntry {
  readonly id: string;
  /** Entries with the same lane keep their order (see PersistQueue). */
  readonly roomId: string;
  readonly rows: readonly {
    readonly user: string;
    readonly queue: string;
    readonly payload: string;
    /** What a user did needs no reading by the same user. */
    readonly isRead: boolean;
  }[];
  /** Stored with it, and it with them or not at all (A42, A144). */
  readonly directMessage?: DirectMessage;
}

export interface DirectMessage {
  readonly senderId: string;
  readonly recipientId: string;
  readonly clientMessageId: string;
  readonly content: string;
  readonly ts: number;
  readonly serverId: string;
}

export interface JournalRow {
  readonly seq: number;
  readonly msgId: string;
  readonly user: string;
  readonly queue: string;
  readonly payload: string;
}

export type Stored = { readonly rows: readonly JournalRow[]; readonly inserted: Inserted };

/** Postgres' side of what users are sent. Every method rejects when Postgres is away, apart from `insert`. */
export class Journal {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * One statement, one commit. A lock per user makes the order of the sequence the order of the commits: nobody who
   * has seen a row can later find an earlier one.
   */
  async insert(entries: readonly JournalEntry[]): Promise<Stored> {
    const rows = entries.flatMap((entry) => entry.rows.map((row) => ({ ...row, entry })));
    const direct = entries.flatMap(({ id, directMessage }) =>
      directMessage ? [{ id, ...directMessage }] : [],
    );
    try {
      const stored = await this.#store.query<Row>("journal-insert", insertText, [
        rows.map(({ entry }) => entry.id),
        rows.map(({ user }) => user),
        rows.map(({ queue }) => queue),
        rows.map(({ payload }) => payload),
        rows.map(({ isRead }) => isRead),
        rows.map(({ entry }) => entry.directMessage !== undefined),
        direct.map(({ id }) => id),
        direct.map(({ senderId }) => senderId),
        direct.map(({ recipientId }) => recipientId),
        direct.map(({ clientMessageId }) => clientMessageId),
        direct.map(({ content }) => content),
        direct.map(({ ts }) => new Date(ts).toISOString()),
        direct.map(({ serverId }) => serverId),
      ]);
      const ids = new Set(stored.map((row) => row.message_id));
      return { rows: stored.map(toRow), inserted: { how: "inserted", ids } };
    } catch (error) {
      return { rows: [], inserted: failureOf(error) };
    }
  }

  /** At most `limit` of what the user was sent on this queue after `seq`, the newest ones, oldest first. */
  async after(user: string, queue: string, seq: number, limit: number): Promise<JournalRow[]> {
    const rows = await this.#store.query<Row>(
      "journal-after",
      `SELECT seq, message_id, user_id, queue, payload FROM notifications
       WHERE user_id = $1 AND queue = $2 AND seq > $3 ORDER BY seq DESC LIMIT $4`,
      [user, queue, seq, limit],
    );
    return rows.map(toRow).reverse();
  }

  /**
   * What was stored and never sent, whether or not the offline buffer still has it (A112, I26). A mark that is on its
   * way makes it come twice, under the same id, rather than not at all.
   */
  async unsent(user: string, queue: string, limit: number): Promise<JournalRow[]> {
    const rows = await this.#store.query<Row>(
      "journal-unsent",
      `SELECT seq, message_id, user_id, queue, payload FROM notifications
       WHERE user_id = $1 AND queue = $2 AND state < 2 ORDER BY seq LIMIT $3`,
      [user, queue, limit],
    );
    return rows.map(toRow);
  }

  /** Stored longer than `ageMs` ago and neither sent nor buffered: an instance died, or Redis was away (B41). */
  async leftBehind(ageMs: number, limit: number): Promise<JournalRow[]> {
    const rows = await this.#store.query<Row>(
      "journal-left-behind",
      `SELECT seq, message_id, user_id, queue, payload FROM notifications
       WHERE state = 0 AND created_at < now() - $1 * interval '1 ms' ORDER BY seq LIMIT $2`,
      [ageMs, limit],
    );
    return rows.map(toRow);
  }

  /** Never back from sent to buffered. */
  async mark(seqs: readonly number[], state: 1 | 2): Promise<void> {
    await this.#store.query(
      "journal-mark",
      "UPDATE notifications SET state = $2 WHERE seq = ANY($1::bigint[]) AND state < $2",
      [seqs, state],
    );
  }

  /** A page of a user's journal, oldest first, for REST (A86). `since` is a sequence, or a time. */
  async page(
    user: string,
    since: number | Date,
    limit: number,
  ): Promise<{ readonly unread: number; readonly rows: readonly JournalPageRow[] }> {
    const after = typeof since === "number" ? "seq > $2::bigint" : "created_at > $2::timestamptz";
    const rows = await this.#store.query<Row & { is_read: boolean; created_at: Date }>(
      typeof since === "number" ? "journal-page-seq" : "journal-page-time",
      `SELECT seq, message_id, user_id, queue, payload, is_read, created_at FROM notifications
       WHERE user_id = $1 AND ${after} ORDER BY seq LIMIT $3`,
      [user, typeof since === "number" ? since : since.toISOString(), limit],
    );
    const [count] = await this.#store.query<{ unread: string }>(
      "journal-unread",
      `SELECT count(*) AS unread FROM notifications
       WHERE user_id = $1 AND NOT is_read AND created_at > now() - interval '1 hour'`,
      [user],
    );
    const page = rows.map((row) => ({ ...toRow(row), isRead: row.is_read, ts: row.created_at.getTime() }));
    return { unread: Number(count?.unread ?? 0), rows: page };
  }

  async markRead(user: string, messageIds: readonly string[]): Promise<void> {
    await this.#store.query(
      "journal-read",
      "UPDATE notifications SET is_read = true WHERE user_id = $1 AND message_id = ANY($2::text[])",
      [user, messageIds],
    );
  }
}

export interface JournalPageRow extends JournalRow {
  readonly isRead: boolean;
  readonly ts: number;
}

const insertText = `
  WITH locks AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended(u, 0))
    FROM (SELECT DISTINCT u FROM unnest($2::text[]) AS u ORDER BY u) AS users
  ), locked AS MATERIALIZED (SELECT count(*) AS n FROM locks),
  direct AS (
    INSERT INTO direct_messages (id, sender_id, recipient_id, client_message_id, content, created_at, server_id)
    SELECT d.* FROM locked, unnest($7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::timestamptz[], $13::text[])
      AS d (id, sender_id, recipient_id, client_message_id, content, created_at, server_id)
    ON CONFLICT (sender_id, client_message_id) DO NOTHING
    RETURNING id
  )
  INSERT INTO notifications (message_id, user_id, queue, payload, is_read)
  SELECT r.message_id, r.user_id, r.queue, r.payload, r.is_read
  FROM locked, unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::boolean[])
    WITH ORDINALITY AS r (message_id, user_id, queue, payload, is_read, is_direct, n)
  WHERE NOT r.is_direct OR r.message_id IN (SELECT id FROM direct)
  ORDER BY r.n
  ON CONFLICT (message_id, user_id) DO NOTHING
  RETURNING seq, message_id, user_id, queue, payload
`;

interface Row {
  readonly seq: string;
  readonly message_id: string;
  readonly user_id: string;
  readonly queue: string;
  readonly payload: string;
}

function toRow({ seq, message_id, user_id, queue, payload }: Row): JournalRow {
  return { seq: Number(seq), msgId: message_id, user: user_id, queue, payload };
}
