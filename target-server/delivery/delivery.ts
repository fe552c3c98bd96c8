import type { Application } from "../app/application.ts";
import { chatTyping } from "../app/chat-typing.ts";
import { dmSend } from "../app/dm-send.ts";
import { messageReceipt } from "../app/message-receipt.ts";
import { roomResumeApplication } from "../app/room-resume.ts";
import type { Broker } from "../broker.ts";
import type { Config } from "../config.ts";
import { roomOfTopic } from "../destinations.ts";
import type { Envelope } from "../envelope.ts";
import type { IdentityParts } from "../identity.ts";
import type { IngressEvent } from "../ingress/event.ts";
import { StreamIngress } from "../ingress/stream-ingress.ts";
import type { Log } from "../log.ts";
import { messageId } from "../message.ts";
import type { Metrics } from "../metrics.ts";
import type { Outbox } from "../outbox.ts";
import { pause } from "../pause.ts";
import { PersistQueue } from "../persist-queue.ts";
import type { AcceptSteps, Persisted, Policies } from "../policies.ts";
import { Presence } from "../presence/presence.ts";
import { connectRelay } from "../relay/connection.ts";
import { LOG_LENGTH } from "../relay/scripts.ts";
import type { Relay } from "../relay.ts";
import type { Route } from "../route.ts";
import type { Store } from "../store.ts";
import { type Enter, enterPlainly } from "./entering.ts";
import { idOfKey } from "./event-id.ts";
import { Journal, type JournalEntry, journalSchema } from "./journal.ts";
import { MessageHistory } from "./message-history.ts";
import { Pusher } from "./pusher.ts";
import { Receipts, receiptsSchema } from "./receipts.ts";
import { roomHistory } from "./room-history.ts";
import { RoomLog, toLogged } from "./room-log.ts";
import { roomResume } from "./room-resume.ts";
import { deliveryRoutes } from "./routes.ts";
import { SentMarks } from "./sent-marks.ts";
import { UserQueues } from "./user-queues.ts";

/** For each thing that a stopping server still waits for. */
const SETTLE_DEADLINE_MS = 3_000;
/** Who has not answered for two beats is dead, and closed (A54). */
const SHOWN_WITHIN_BEATS = 2;
/** Said by a session to itself: nothing of them is kept or shared. */
const sessionQueues: readonly string[] = ["reply", "token.refresh"];
/** From here on typing is dropped: messages wait already (A43). */
const PRESSURE_DEPTH = 100;

export interface DeliveryParts {
  readonly config: Config;
  readonly policies: Policies;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly broker: Broker;
  readonly store: Store;
  readonly relay: Relay;
  readonly roomLog: RoomLog;
  readonly outbox: Outbox;
  readonly identity: Pick<IdentityParts, "authenticate" | "revocations" | "membership">;
}

export interface Delivery {
  readonly enter: Enter;
  readonly applications: readonly Application[];
  readonly routes: readonly Route[];
  readonly schema: string;
  /** Of what the relay brought: true when it was for one user and is dealt with. */
  takes(envelope: Envelope): boolean;
  /** Everything accepted is stored and sent; nobody of this instance is present any more. */
  flush(): Promise<void>;
  stop(): void;
}

/** Of 10,000 messages with 64 KB each, a cache keeps the last ones only; the store has the others. */
const ROOM_LOG_CHARACTERS = 32 * 1_048_576;

/** As many messages as the relay's log has: what a client may have missed. */
export function createRoomLog(): RoomLog {
  return new RoomLog({ messages: LOG_LENGTH, characters: ROOM_LOG_CHARACTERS });
}

export function remember(roomLog: RoomLog, envelope: Envelope): void {
  const room = envelope.userId === null && envelope.seq > 0 ? roomOfTopic(envelope.destination) : undefined;
  if (room !== undefined) roomLog.add(room, toLogged(envelope));
}

/** Everything between an accepted message and a client that may be elsewhere, late, or away. */
export function createDelivery(parts: DeliveryParts): Delivery {
  const { config, policies, metrics, log, broker, store, relay, roomLog, outbox, identity } = parts;
  const { serverId } = config;
  const { replay, buffer, presence: presenceConfig } = config.delivery;

  const history = new MessageHistory(store);
  const journal = new Journal(store);
  const marks = new SentMarks(journal);
  const userQueues = new UserQueues({
    ...{ serverId, policies, metrics, log, relay, journal, marks, buffer },
    messagesMax: replay.messagesMax,
    keepMs: replay.windowMs,
    onlineTtlMs: presenceConfig.ttlMs,
    shownWithinMs: SHOWN_WITHIN_BEATS * config.beatMs,
  });
  const push = policies.pushToUser({ relay: userQueues.push, local: userQueues.deliverHere });
  const pusher = new Pusher(push, journal, marks, log, () => relay.live);
  const journalQueue = new PersistQueue<JournalEntry>({
    ...config.work,
    capacity: policies.persistCapacity(config.work.capacity),
    insert: async (entries) => {
      const { rows, inserted } = await journal.insert(entries);
      pusher.stored(rows);
      return inserted;
    },
    observe: (stage, seconds) => metrics.processingSeconds.observe({ stage }, seconds),
  });
  const steps: AcceptSteps<JournalEntry> = {
    persist: async (entry) => {
      const persisted = await journalQueue.add(entry);
      if (persisted.how === "rejected") metrics.queueRejected.inc({ queue: "journal" });
      return persisted;
    },
    broadcast: (entry) => pusher.send(entry),
  };
  const receipts = new Receipts({
    store,
    windowMs: policies.receiptWindowMs(config.delivery.receiptWindowMs),
    membersOnly: config.roomAccess === "members",
    tell: (event) => pusher.tell(event),
    counted: (status, count) => metrics.receipts.inc({ status }, count),
  });
  const addReceipts: Receipts["add"] = (...given) => receipts.add(...given);
  const presence = new Presence({ serverId, policies, metrics, relay, ...presenceConfig });

  const resume = roomResume({
    ...{ serverId, policies, metrics, roomLog },
    messagesMax: replay.messagesMax,
    stored: (room, seq, limit) => history.newest(room, seq, limit, replay.windowMs),
    acknowledged: (room, seq) => history.acknowledged(room, seq),
  });
  const answerHistory = roomHistory({
    ...{ serverId, policies, metrics, broker, roomLog },
    evictionBytes: config.eviction.bytes,
    stored: (room, limit) => history.newest(room, 0, limit, Date.now()),
  });

  const pushToUser = (entry: JournalEntry) => policies.accept(entry, steps);
  const pushToTopic = (event: Omit<Envelope, "logId">) => relay.tell(event);
  const ingress =
    config.ingressStream === undefined
      ? undefined
      : new StreamIngress({
          redis: connectRelay("ingress", { redis: config.redis, log, metrics }),
          stream: config.ingressStream,
          log,
          deliver: (event, name) => deliverEvent(event, policies.eventId(idOfKey(name), messageId)),
          counted: (result) => metrics.ingressEvents.inc({ result }),
        });

  async function deliverEvent(event: IngressEvent, id: string): Promise<Persisted> {
    const { user, destination, payload } = event;
    if (user !== undefined) {
      return pushToUser({ id, roomId: user, rows: [{ user, queue: destination, payload, isRead: false }] });
    }
    const timestamp = Date.now();
    const topic = {
      destination,
      userId: null,
      originServerId: serverId,
      timestamp,
      msgId: id,
      seq: 0,
      payload,
    };
    return { how: (await pushToTopic(topic)) ? "stored" : "duplicate" };
  }

  const enter: Enter = (entering) => {
    const { wanted, lastSeen, user, sessionId } = entering;
    if (wanted.kind === "room") {
      const leave = presence.enter(wanted.room, user, sessionId);
      if (lastSeen === undefined) enterPlainly(entering);
      else resume(entering, wanted.room, lastSeen);
      return leave;
    }
    if (wanted.kind === "history") {
      answerHistory(entering, wanted.room);
      return () => {};
    }
    if (wanted.kind === "user-queue" && !sessionQueues.includes(wanted.queue)) {
      return userQueues.enter(entering, `/queue/${wanted.queue}`);
    }
    return enterPlainly(entering);
  };

  return {
    enter,
    applications: [
      dmSend({ serverId, policies, ...steps }),
      chatTyping({
        ...{ serverId, policies, membership: identity.membership },
        everyMs: config.delivery.typingEveryMs,
        underPressure: () => !relay.live || outbox.depth > PRESSURE_DEPTH,
        whisper: (event) => relay.whisper(event),
        dropped: () => metrics.typingDropped.inc(),
      }),
      messageReceipt("message.ack", "DELIVERED", addReceipts),
      messageReceipt("message.read", "READ", addReceipts),
      roomResumeApplication,
    ],
    routes: deliveryRoutes({
      ...{ serverId, policies, identity, history, journal },
      members: (room) => presence.members(room),
      pushToUser,
      pushToTopic,
    }),
    schema: journalSchema + receiptsSchema,
    takes: (envelope) => {
      if (envelope.userId !== null) userQueues.deliver(envelope);
      else remember(roomLog, envelope);
      return envelope.userId !== null;
    },
    flush: async () => {
      for (const settled of [
        async () => ingress?.stop(),
        () => journalQueue.idle(),
        () => receipts.idle(),
        () => pusher.idle(),
        () => presence.stop(),
        () => marks.flush().catch(() => {}),
      ]) {
        await Promise.race([settled(), pause(SETTLE_DEADLINE_MS)]);
      }
    },
    stop: () => {
      pusher.stop();
      marks.stop();
      userQueues.stop();
    },
  };
}
