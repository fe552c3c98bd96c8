import type { UserEvent } from "../delivery-policies.ts";
import { messageId } from "../message.ts";
import type { Persisted } from "../policies.ts";
import type { Inserted, Store } from "../store.ts";
import { failureOf } from "./store-failure.ts";

export const receiptsSchema = `
  CREATE TABLE IF NOT EXISTS message_receipts (
    message_id text NOT NULL,
    user_id text NOT NULL,
    status text NOT NULL,
    "timestamp" timestamptz NOT NULL,
    PRIMARY KEY (message_id, user_id)
  );
`;

export const RECEIPTS_QUEUE = "/queue/receipts";
/** Waiting for one write; beyond it readers are refused, not the server's memory grown. */
const WAITING_MAX = 20_000;
/** Told in one message: below every EVICT_BYTES, whoever reads and whatever their names. */
const TOLD_MAX = 500;
/** Two instances can raise the same messages in different order: Postgres then ends one of them. */
const TRIES = 2;

export type ReceiptStatus = "DELIVERED" | "READ";

interface Waiting {
  readonly messageId: string;
  readonly user: string;
  status: ReceiptStatus;
}

interface Changed {
  readonly message_id: string;
  readonly user_id: string;
  readonly status: ReceiptStatus;
  readonly sender_id: string;
  readonly room_id: string;
}

export interface ReceiptOptions {
  readonly store: Store;
  /** How long receipts are collected, ms (A115). */
  readonly windowMs: number;
  /** Only members of a room may acknowledge its messages. */
  readonly membersOnly: boolean;
  tell(event: UserEvent): void;
  counted(status: ReceiptStatus, count: number): void;
}

/**
 * What readers acknowledge, collected for 500 ms, written in one statement, and told to each sender in one message
 * per room. Saying it twice changes nothing, and READ never falls back to DELIVERED (A114).
 */
export class Receipts {
  readonly #options: ReceiptOptions;
  #waiting = new Map<string, Waiting>();
  #flushing: Promise<Inserted> | undefined;

  constructor(options: ReceiptOptions) {
    this.#options = options;
  }

  /** Resolves when they are stored. */
  async add(user: string, messageIds: readonly string[], status: ReceiptStatus): Promise<Persisted> {
    if (this.#waiting.size + messageIds.length > WAITING_MAX) {
      return { how: "rejected", reason: "too many receipts are waiting to be stored" };
    }
    for (const id of messageIds) {
      const key = `${id}\n${user}`;
      const known = this.#waiting.get(key);
      if (known === undefined) this.#waiting.set(key, { messageId: id, user, status });
      else if (status === "READ") known.status = status;
    }
    this.#flushing ??= new Promise((resolve) => {
      setTimeout(() => void this.#flush().then(resolve), this.#options.windowMs);
    });
    const inserted = await this.#flushing;
    return inserted.how === "inserted"
      ? { how: "stored" }
      : { how: inserted.how === "failed" ? "rejected" : "unknown", reason: inserted.reason };
  }

  async idle(): Promise<void> {
    await this.#flushing;
  }

  async #flush(): Promise<Inserted> {
    const waiting = [...this.#waiting.values()];
    this.#waiting = new Map();
    this.#flushing = undefined;
    let changed: Changed[] = [];
    for (let tries = 1; ; tries++) {
      try {
        changed = await this.#write(waiting);
        break;
      } catch (error) {
        const failure = failureOf(error);
        if (failure.how === "unknown" || tries === TRIES) return failure;
      }
    }
    for (const status of ["DELIVERED", "READ"] as const) {
      const count = changed.filter((one) => one.status === status).length;
      if (count > 0) this.#options.counted(status, count);
    }
    for (const event of toEvents(changed, Date.now())) this.#options.tell(event);
    return { how: "inserted", ids: new Set() };
  }

  #write(waiting: readonly Waiting[]): Promise<Changed[]> {
    return this.#options.store.query<Changed & Record<string, unknown>>("receipts", writeText, [
      waiting.map((one) => one.messageId),
      waiting.map(({ user }) => user),
      waiting.map(({ status }) => status),
      this.#options.membersOnly,
    ]);
  }
}

/** One for each sender and room, whoever acknowledged; another one where they are more than fit. */
export function toEvents(changed: readonly Changed[], nowMs: number): UserEvent[] {
  const bySenderAndRoom = Map.groupBy(changed, (one) => `${one.sender_id}\n${one.room_id}`);
  return [...bySenderAndRoom.values()].flatMap(inParts).map((group) => {
    const { sender_id: user, room_id: roomId } = group[0]!;
    const byReader = Map.groupBy(group, (one) => `${one.user_id}\n${one.status}`);
    const receipts = [...byReader.values()].map((same) => ({
      userId: same[0]!.user_id,
      status: same[0]!.status,
      messageIds: same.map((one) => one.message_id),
    }));
    const payload = JSON.stringify({ type: "receipts", roomId: roomId || null, ts: nowMs, receipts });
    return { msgId: messageId(), user, queue: RECEIPTS_QUEUE, seq: 0, payload };
  });
}

function inParts(group: readonly Changed[]): (readonly Changed[])[] {
  const parts = Math.ceil(group.length / TOLD_MAX);
  return Array.from({ length: parts }, (_, n) => group.slice(n * TOLD_MAX, (n + 1) * TOLD_MAX));
}

/** Nobody acknowledges an own message, a direct message of others, or one of a room that is closed to them. */
const writeText = `
  WITH given AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS g (message_id, user_id, status)
  ), sources AS (
    SELECT m.id, m.sender_id, m.room_id, NULL AS recipient_id FROM chat_messages m WHERE m.id = ANY($1::text[])
    UNION ALL
    SELECT d.id, d.sender_id, '', d.recipient_id FROM direct_messages d WHERE d.id = ANY($1::text[])
  ), seen AS (
    UPDATE notifications n SET is_read = true FROM given g
    WHERE g.status = 'READ' AND n.message_id = g.message_id AND n.user_id = g.user_id AND NOT n.is_read
  ), changed AS (
    INSERT INTO message_receipts (message_id, user_id, status, "timestamp")
    SELECT g.message_id, g.user_id, g.status, now() FROM given g JOIN sources s ON s.id = g.message_id
    WHERE s.sender_id <> g.user_id AND (s.recipient_id IS NULL OR s.recipient_id = g.user_id)
      AND (NOT $4::boolean OR s.recipient_id IS NOT NULL
           OR EXISTS (SELECT 1 FROM room_members r WHERE r.room_id = s.room_id AND r.user_id = g.user_id))
    ORDER BY g.message_id, g.user_id
    ON CONFLICT (message_id, user_id) DO UPDATE SET status = EXCLUDED.status, "timestamp" = EXCLUDED."timestamp"
      WHERE message_receipts.status = 'DELIVERED' AND EXCLUDED.status = 'READ'
    RETURNING message_id, user_id, status
  ), best AS (
    SELECT message_id, bool_or(status = 'READ') AS is_read FROM changed GROUP BY message_id
  ), raised AS (
    UPDATE chat_messages m SET status = CASE WHEN b.is_read THEN 'READ' ELSE 'DELIVERED' END FROM best b
    WHERE m.id = b.message_id AND (m.status = 'SENT' OR (b.is_read AND m.status = 'DELIVERED'))
  ), raised_direct AS (
    UPDATE direct_messages d SET status = CASE WHEN b.is_read THEN 'READ' ELSE 'DELIVERED' END FROM best b
    WHERE d.id = b.message_id AND (d.status = 'SENT' OR (b.is_read AND d.status = 'DELIVERED'))
  )
  SELECT c.message_id, c.user_id, c.status, s.sender_id, s.room_id
  FROM changed c JOIN sources s ON s.id = c.message_id ORDER BY c.message_id
`;
