import { isUserName } from "../auth.ts";
import { isEventTopic, isRoomName, isUserQueue } from "../destinations.ts";
import type { Envelope } from "../envelope.ts";
import { type IdentityParts, whoAsks } from "../identity.ts";
import { messageId } from "../message.ts";
import type { Persisted, Policies } from "../policies.ts";
import { type Asked, BadRequest, json, type Page, type Route } from "../route.ts";
import { idOfKey } from "./event-id.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import type { MessageHistory } from "./message-history.ts";

const PAGE_MAX = 500;
const PAGE_DEFAULT = 100;
const KEY_MAX = 256;
const STATUS_WINDOW_MS = 3_600_000;

export interface DeliveryRouteServices {
  readonly serverId: string;
  readonly policies: Policies;
  readonly identity: Pick<IdentityParts, "authenticate" | "revocations" | "membership">;
  readonly history: MessageHistory;
  readonly journal: Journal;
  members(room: string): Promise<string[]>;
  /** Stores the event, then sends it. */
  pushToUser(entry: JournalEntry): Promise<Persisted>;
  /** False when it was told before. */
  pushToTopic(event: Omit<Envelope, "logId">): Promise<boolean>;
}

/** What is asked of rooms and journals, and what other systems push (A86, A87, A101, A119). */
export function deliveryRoutes(services: DeliveryRouteServices): Route[] {
  const { serverId, policies, identity, history, journal } = services;

  const forUsers = (answer: (user: string, asked: Asked) => Promise<Page>) => async (asked: Asked) => {
    const who = await whoAsks(asked.request, identity);
    if (who.how === "refused") return json(401, { reason: who.reason }, { "www-authenticate": "Bearer" });
    return unlessAway(() => answer(who.user, asked));
  };

  /** What may hear a room may also read it. */
  const forListeners = (answer: (room: string, asked: Asked) => Promise<Page>) =>
    forUsers(async (user, asked) => {
      const room = asked.params[0] ?? "";
      if (!isRoomName(room)) throw new BadRequest(404, "no-such-room");
      const allowed = await policies.maySubscribe(user, { kind: "room", room }, identity.membership);
      return allowed ? answer(room, asked) : json(403, { reason: "not-allowed" });
    });

  return [
    {
      method: "GET",
      path: /^\/api\/rooms\/([^/]+)\/messages$/,
      answer: forListeners(async (room, { query }) => {
        const limit = pageSize(query);
        const messages = await history.page(room, sequence(query.get("after_seq")), limit);
        const nextAfterSeq = messages.length === limit ? messages.at(-1)!.seq : null;
        return json(200, { roomId: room, messages, nextAfterSeq });
      }),
    },
    {
      method: "GET",
      path: /^\/api\/rooms\/([^/]+)\/presence$/,
      answer: forListeners(async (room) => {
        const users = await services.members(room);
        return json(200, { roomId: room, online: users.length, users });
      }),
    },
    {
      method: "GET",
      path: /^\/api\/notifications$/,
      answer: forUsers(async (user, { query }) => {
        const limit = pageSize(query);
        const { unread, rows } = await journal.page(user, since(query.get("since")), limit);
        const notifications = rows.map(({ seq, msgId, queue, payload, isRead, ts }) => ({
          seq,
          id: msgId,
          destination: `/user${queue}`,
          isRead,
          ts,
          payload: JSON.parse(payload) as unknown,
        }));
        return json(200, {
          unread,
          notifications,
          nextSince: rows.length === limit ? rows.at(-1)!.seq : null,
        });
      }),
    },
    {
      method: "POST",
      path: /^\/internal\/push\/user\/([^/]+)$/,
      answer: async (asked) => {
        const user = asked.params[0] ?? "";
        const { destination, payload } = await pushed(asked);
        if (!isUserQueue(destination)) throw new BadRequest(400, "destination-must-be-a-queue");
        if (!isUserName(user)) throw new BadRequest(400, "bad-user");
        const id = idOf(asked);
        const row = { user, queue: destination, payload, isRead: false };
        const persisted = await services.pushToUser({ id, roomId: user, rows: [row] });
        if (persisted.how === "stored") return json(202, { id });
        if (persisted.how === "duplicate") return json(200, { id, duplicate: true });
        return json(503, { reason: persisted.reason, outcome: persisted.how });
      },
    },
    {
      method: "POST",
      path: /^\/internal\/push\/topic$/,
      answer: async (asked) => {
        const { destination, payload } = await pushed(asked);
        if (!isEventTopic(destination)) throw new BadRequest(400, "destination-must-be-an-event-topic");
        const id = idOf(asked);
        return unlessAway(async () => {
          const told = await services.pushToTopic({
            destination,
            userId: null,
            originServerId: serverId,
            timestamp: Date.now(),
            msgId: id,
            seq: 0,
            payload,
          });
          return told ? json(202, { id }) : json(200, { id, duplicate: true });
        });
      },
    },
    {
      method: "GET",
      path: /^\/internal\/messages\/status$/,
      answer: ({ query }) =>
        unlessAway(async () => {
          const windowMs = query.has("window_ms") ? sequence(query.get("window_ms")) : STATUS_WINDOW_MS;
          return json(200, { windowMs, messages: await history.byStatus(windowMs) });
        }),
    },
  ];

  /** Of the idempotency key, where there is one (A102). */
  function idOf({ request }: Asked): string {
    const key = request.headers["idempotency-key"];
    if (typeof key === "string" && (key === "" || key.length > KEY_MAX)) {
      throw new BadRequest(400, "bad-idempotency-key");
    }
    return policies.eventId(typeof key === "string" ? idOfKey(key) : undefined, messageId);
  }
}

async function pushed(asked: Asked): Promise<{ readonly destination: string; readonly payload: string }> {
  const body = await asked.json();
  const { destination, payload } = (typeof body === "object" && body !== null ? body : {}) as {
    destination?: unknown;
    payload?: unknown;
  };
  if (typeof destination !== "string" || payload === undefined) {
    throw new BadRequest(400, "body-must-have-destination-and-payload");
  }
  return { destination, payload: JSON.stringify(payload) };
}

async function unlessAway(answer: () => Promise<Page>): Promise<Page> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof BadRequest) throw error;
    return json(503, { reason: "a store is away" }, { "retry-after": "1" });
  }
}

function sequence(text: string | null): number {
  if (text === null) return 0;
  if (!/^\d{1,15}$/.test(text)) throw new BadRequest(400, "not-a-whole-number");
  return Number(text);
}

/** A sequence of the journal, or a time. */
function since(text: string | null): number | Date {
  if (text === null || /^\d{1,15}$/.test(text)) return sequence(text);
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new BadRequest(400, "since-must-be-a-sequence-or-a-time");
  return time;
}

function pageSize(query: URLSearchParams): number {
  const limit = query.get("limit");
  return limit === null ? PAGE_DEFAULT : Math.min(PAGE_MAX, Math.max(1, sequence(limit)));
}
