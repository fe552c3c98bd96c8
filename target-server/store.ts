import pg from "pg";
import type { Config } from "./config.ts";
import { reasonOf } from "./log.ts";
import type { ChatMessage } from "./message.ts";
import { MESSAGE_COLUMNS, messageOf, type StoredMessage } from "./stored-message.ts";

/** Every wait for Postgres ends: connect, statement and the answer itself, also on a link that swallows (I76). */
const CONNECT_DEADLINE_MS = 2_000;
const STATEMENT_DEADLINE_MS = 2_000;
const ANSWER_DEADLINE_MS = 2_500;
const READY_DEADLINE_MS = 2_000;
/** Long, because a new connection costs Postgres a process and us 10 ms. */
const IDLE_MS = 300_000;
/** Any number that nobody else locks: instances that start together create the tables one after the other. */
const SCHEMA_LOCK = 7_377_001;

const schema = `
  CREATE TABLE IF NOT EXISTS chat_messages (
    id text PRIMARY KEY,
    room_id text NOT NULL,
    seq bigint,
    sender_id text NOT NULL,
    client_message_id text NOT NULL,
    content text NOT NULL,
    status text NOT NULL DEFAULT 'SENT',
    created_at timestamptz NOT NULL,
    server_id text NOT NULL,
    published boolean NOT NULL DEFAULT false,
    UNIQUE (sender_id, client_message_id)
  );
  CREATE TABLE IF NOT EXISTS rooms (
    id text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE IF NOT EXISTS room_members (
    room_id text NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id text NOT NULL,
    joined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (room_id, user_id)
  );
  CREATE INDEX IF NOT EXISTS chat_messages_room_seq ON chat_messages (room_id, seq);
  CREATE INDEX IF NOT EXISTS chat_messages_outbox ON chat_messages (created_at, id) WHERE NOT published;
`;

/** A statement that Postgres refused, or never got, has certainly not been committed; any other may have been. */
export type Inserted =
  | { readonly how: "inserted"; readonly ids: ReadonlySet<string> }
  | { readonly how: "failed" | "unknown"; readonly reason: string };

export class Store {
  readonly #pool: pg.Pool;
  readonly #acquired: (seconds: number) => void;

  /** `acquired` hears how long each INSERT waited for a connection, in seconds (A81). */
  constructor(
    config: Config["postgres"],
    onIdleError: (reason: string) => void,
    acquired: (seconds: number) => void = () => {},
  ) {
    this.#acquired = acquired;
    this.#pool = new pg.Pool({
      host: config.host,
      port: config.port,
      database: config.database,
      user: config.user,
      password: config.password,
      max: config.poolMax,
      connectionTimeoutMillis: CONNECT_DEADLINE_MS,
      statement_timeout: STATEMENT_DEADLINE_MS,
      query_timeout: ANSWER_DEADLINE_MS,
      idleTimeoutMillis: IDLE_MS,
      keepAlive: true,
    });
    this.#pool.on("error", (error) => onIdleError(reasonOf(error)));
    // One that breaks while it is in use says so twice: its query rejects, and it emits an error that nobody else
    // listens for, which would end the process.
    this.#pool.on("connect", (client) => client.on("error", () => {}));
  }

  /** Safe when several instances start at once. */
  async createTables(more = ""): Promise<void> {
    await this.#pool.query(`BEGIN; SELECT pg_advisory_xact_lock(${SCHEMA_LOCK}); ${schema} ${more} COMMIT;`);
  }

  /**
   * One statement, one commit for all of them. `ids` are those that are new; the others were stored before (A144).
   * With `written` the commit is a step of its own, and the new ones are told before it.
   */
  async insert(
    messages: readonly ChatMessage[],
    written?: (messages: readonly ChatMessage[]) => void,
  ): Promise<Inserted> {
    let client: pg.PoolClient;
    try {
      const startMs = performance.now();
      client = await this.#pool.connect();
      this.#acquired((performance.now() - startMs) / 1_000);
    } catch (error) {
      return { how: "failed", reason: reasonOf(error) };
    }
    try {
      if (written !== undefined) await client.query("BEGIN");
      const result = await client.query<{ id: string }>({
        name: "insert-messages",
        // Sorted, so that two instances that store the same resends never wait for each other in a circle.
        text: `INSERT INTO chat_messages (id, room_id, sender_id, client_message_id, content, created_at, server_id)
               SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[])
                 AS m (id, room_id, sender_id, client_message_id, content, created_at, server_id)
               ORDER BY sender_id, client_message_id
               ON CONFLICT (sender_id, client_message_id) DO NOTHING
               RETURNING id`,
        values: [
          messages.map((m) => m.id),
          messages.map((m) => m.roomId),
          messages.map((m) => m.senderId),
          messages.map((m) => m.clientMessageId),
          messages.map((m) => m.content),
          messages.map((m) => new Date(m.ts).toISOString()),
          messages.map((m) => m.serverId),
        ],
      });
      const ids = new Set(result.rows.map((row) => row.id));
      if (written !== undefined) {
        written(messages.filter(({ id }) => ids.has(id)));
        await client.query("COMMIT");
      }
      client.release();
      return { how: "inserted", ids };
    } catch (error) {
      client.release(true);
      return { how: error instanceof pg.DatabaseError ? "failed" : "unknown", reason: reasonOf(error) };
    }
  }

  async markPublished(published: readonly { readonly id: string; readonly seq: number }[]): Promise<void> {
    await this.#pool.query({
      name: "mark-published",
      text: `UPDATE chat_messages AS m SET published = true, seq = p.seq
             FROM unnest($1::text[], $2::bigint[]) AS p (id, seq) WHERE m.id = p.id`,
      values: [published.map((p) => p.id), published.map((p) => p.seq)],
    });
  }

  /** Stored, not published, and older than `beforeMs`: what an instance left behind that died or lost its answer. */
  async leftBehind(beforeMs: number, limit: number): Promise<ChatMessage[]> {
    const { rows } = await this.#pool.query<StoredMessage>({
      name: "left-behind",
      text: `SELECT ${MESSAGE_COLUMNS}
             FROM chat_messages WHERE NOT published AND created_at < $1 ORDER BY created_at, id LIMIT $2`,
      values: [new Date(beforeMs).toISOString(), limit],
    });
    return rows.map(messageOf);
  }

  /** For the tables of others: within the same pool and the same deadlines. */
  async query<R extends pg.QueryResultRow>(
    name: string,
    text: string,
    values: readonly unknown[],
  ): Promise<R[]> {
    return (await this.#pool.query<R>({ name, text, values: [...values] })).rows;
  }

  /** The highest sequence the room has had, 0 without any: where to go on when Redis lost its counter (A104). */
  async highestSequence(roomId: string): Promise<number> {
    const { rows } = await this.#pool.query<{ seq: string | null }>(
      "SELECT max(seq) AS seq FROM chat_messages WHERE room_id = $1",
      [roomId],
    );
    return Number(rows[0]?.seq ?? 0);
  }

  /** Is the user in the table `room_members`? (A32) */
  async isMember(userId: string, roomId: string): Promise<boolean> {
    const { rowCount } = await this.#pool.query({
      name: "is-member",
      text: "SELECT 1 FROM room_members WHERE room_id = $1 AND user_id = $2",
      values: [roomId, userId],
    });
    return rowCount === 1;
  }

  /** The room comes into being with its first member. */
  async setMember(roomId: string, userId: string, member: boolean): Promise<void> {
    if (member) {
      await this.#pool.query(
        `WITH room AS (INSERT INTO rooms (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET id = $1 RETURNING id)
         INSERT INTO room_members (room_id, user_id) SELECT id, $2 FROM room ON CONFLICT DO NOTHING`,
        [roomId, userId],
      );
    } else {
      await this.#pool.query("DELETE FROM room_members WHERE room_id = $1 AND user_id = $2", [
        roomId,
        userId,
      ]);
    }
  }

  /** Undefined when Postgres answers within 2 s (A128); else why not. */
  async notReady(): Promise<string | undefined> {
    const answer = this.#pool.query("SELECT 1").then(
      () => undefined,
      (error: unknown) => reasonOf(error),
    );
    return Promise.race([answer, lateAfter(READY_DEADLINE_MS)]);
  }

  /** used, idle, waiting callers. */
  occupancy(): { readonly used: number; readonly idle: number; readonly waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.#pool;
    return { used: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

function lateAfter(deadlineMs: number): Promise<string> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(`no answer within ${deadlineMs} ms`), deadlineMs).unref();
  });
}
