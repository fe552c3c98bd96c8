import { type ChatDto, toDto } from "../message.ts";
import type { Store } from "../store.ts";
import { MESSAGE_COLUMNS, messageOf, type StoredMessage } from "../stored-message.ts";
import type { Logged } from "./room-log.ts";

interface Row extends StoredMessage {
  readonly seq: string;
}

const columns = `${MESSAGE_COLUMNS}, seq`;

/** The rooms' past as Postgres has it. Everything rejects when Postgres is away. */
export class MessageHistory {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The newest `limit` after `seq` that are at most `ageMs` old, the oldest first. */
  async newest(roomId: string, seq: number, limit: number, ageMs: number): Promise<Logged[]> {
    const rows = await this.#store.query<Row>(
      "history-newest",
      `SELECT ${columns} FROM chat_messages
       WHERE room_id = $1 AND seq > $2 AND created_at > $4 ORDER BY seq DESC LIMIT $3`,
      [roomId, seq, limit, new Date(Date.now() - ageMs).toISOString()],
    );
    return rows.reverse().map(toLogged);
  }

  /** A page strictly after `seq`, oldest first, however old (A87). */
  async page(roomId: string, seq: number, limit: number): Promise<ChatDto[]> {
    const rows = await this.#store.query<Row>(
      "history-page",
      `SELECT ${columns} FROM chat_messages WHERE room_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
      [roomId, seq, limit],
    );
    return rows.map(dtoOf);
  }

  /** Ids of those after `seq` that at least one recipient has acknowledged. */
  async acknowledged(roomId: string, seq: number): Promise<ReadonlySet<string>> {
    const rows = await this.#store.query<{ id: string }>(
      "history-acknowledged",
      "SELECT id FROM chat_messages WHERE room_id = $1 AND seq > $2 AND status <> 'SENT'",
      [roomId, seq],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** How many messages of the last `windowMs` are in which status (A85). */
  async byStatus(windowMs: number): Promise<Record<string, number>> {
    const rows = await this.#store.query<{ status: string; messages: string }>(
      "history-by-status",
      `SELECT status, count(*) AS messages FROM chat_messages
       WHERE created_at > now() - $1 * interval '1 ms' GROUP BY status`,
      [windowMs],
    );
    const none = { SENT: 0, DELIVERED: 0, READ: 0 };
    return { ...none, ...Object.fromEntries(rows.map((row) => [row.status, Number(row.messages)])) };
  }
}

function dtoOf(row: Row): ChatDto {
  return toDto(messageOf(row), Number(row.seq));
}

function toLogged(row: Row): Logged {
  return {
    seq: Number(row.seq),
    msgId: row.id,
    serverId: row.server_id,
    payload: JSON.stringify(dtoOf(row)),
  };
}
