import type { Redis } from "ioredis";
import type { Outgoing } from "../broker.ts";
import type { Pushed, UserEvent } from "../delivery-policies.ts";
import { type Envelope, envelopeBody, parseEnvelope } from "../envelope.ts";
import { type Log, reasonOf } from "../log.ts";
import { messageId } from "../message.ts";
import type { Metrics } from "../metrics.ts";
import type { Policies } from "../policies.ts";
import { LOG_KEY } from "../relay/scripts.ts";
import { CHANNEL_PREFIX, type Relay } from "../relay.ts";
import { nextBatch } from "./batch.ts";
import type { Entering } from "./entering.ts";
import type { Journal, JournalRow } from "./journal.ts";
import type { SentMarks } from "./sent-marks.ts";
import { nothingMissed, TakenWatch } from "./taken-watch.ts";
import { Untaken } from "./untaken.ts";
import { bufferKey, missedKey, untakenKey } from "./user-queue-keys.ts";
import {
  type UserQueueArguments,
  type UserQueueScripts,
  withUserQueueScripts,
} from "./user-queue-scripts.ts";

/** Held for one subscription while its buffer is read; the journal has what is beyond it. */
const HELD_MAX = 10_000;

export interface UserQueueOptions {
  readonly serverId: string;
  readonly policies: Policies;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly relay: Relay;
  readonly journal: Journal;
  readonly marks: SentMarks;
  /** One SUBSCRIBE gets at most so many from the journal. */
  readonly messagesMax: number;
  readonly buffer: { readonly items: number; readonly ttlMs: number };
  /** How long it is known that something was missed, ms: as long as rooms are replayed (A108). */
  readonly keepMs: number;
  /** A session whose instance died counts as connected for this long, ms. */
  readonly onlineTtlMs: number;
  /** A session that lives shows within this time that it has taken a message, ms. */
  readonly shownWithinMs: number;
}

/** One subscription to one of a user's queues. */
interface Joined {
  readonly token: string;
  readonly entering: Entering;
  readonly user: string;
  readonly queue: string;
  /** Heard while the buffer is read. Undefined: it is live. */
  held: Envelope[] | undefined;
  /** Taken out of the buffer, and not shown to be taken by the client. */
  unconfirmed: Envelope[];
  readonly watch: TakenWatch;
}

/** What is meant for one user: to every session of the user on every instance, or kept for when there is one. */
export class UserQueues {
  readonly #options: UserQueueOptions;
  readonly #redis: Redis & UserQueueScripts;
  readonly #untaken: Untaken;
  readonly #joined = new Map<string, Set<Joined>>();
  readonly #refresh: NodeJS.Timeout;
  #tokens = 0;

  constructor(options: UserQueueOptions) {
    this.#options = options;
    this.#redis = withUserQueueScripts(options.relay.redis);
    this.#untaken = new Untaken({ ...options, redis: options.relay.redis });
    this.#refresh = setInterval(() => this.#stillHere(), Math.max(20, options.onlineTtlMs / 3));
    this.#refresh.unref();
    // It may be a Redis that forgot who is connected: what was pushed meanwhile lies in the buffers.
    this.#redis.on("ready", () => {
      for (const joined of this.#all()) if (joined.held === undefined) void this.#drain(joined, undefined);
    });
  }

  /** Publishes or buffers. Rejects when Redis does not confirm. */
  push = async (event: UserEvent): Promise<Pushed> => {
    const { policies, metrics, serverId } = this.#options;
    const { msgId, user, queue } = event;
    const { keys, asked } = this.#arguments(user, queue);
    const [what, length, before] = await this.#redis.pushToUser(
      ...([...keys, `sent:${msgId}:${user}`, ...asked] as const),
      envelopeBody(envelopeOf(event, serverId)),
      policies.keepsForOffline() ? "1" : "0",
    );
    // What nobody keeps is to be found in the journal, as what the buffer has no room for.
    const waits = what === 2 || what === 4;
    if (before === 1) {
      // Nobody may have heard the first answer: it is given again.
      metrics.userPushes.inc({ result: "duplicate" });
      return waits ? "buffered" : "duplicate";
    }
    const pushed: Pushed = waits ? "buffered" : "delivered";
    metrics.userPushes.inc({ result: pushed });
    if (what === 1 || what === 4) metrics.relayPublished.inc();
    if (what === 2) {
      metrics.offlineItems.inc({ what: "buffered" });
      metrics.offlineBufferLength.set(length);
    }
    return pushed;
  };

  /** What the relay brought for one user, to the user's sessions here (A38). */
  deliver(envelope: Envelope): void {
    for (const joined of this.#joined.get(`${envelope.userId}${envelope.destination}`) ?? []) {
      if (joined.held === undefined) this.#send(joined, envelope);
      else if (joined.held.length < HELD_MAX) joined.held.push(envelope);
    }
  }

  /** To the sessions here only, for the policy that knows no others. */
  deliverHere = (event: UserEvent): void => {
    this.deliver({ logId: null, ...envelopeOf(event, this.#options.serverId) });
  };

  /** First what waits, then what comes; returns what ends it. */
  enter(entering: Entering, queue: string): () => void {
    const { user, sessionId } = entering;
    const key = `${user}${queue}`;
    this.#tokens += 1;
    const token = `${sessionId}/${this.#tokens}`;
    const joined: Joined = {
      ...{ token, entering, user, queue, held: [], unconfirmed: [] },
      watch: new TakenWatch({ untaken: this.#untaken, entering, user, queue, failed: this.#notRead(user) }),
    };
    const siblings = this.#joined.get(key) ?? new Set();
    this.#joined.set(key, siblings.add(joined));
    void this.#drain(joined, entering.lastSeen).then(() => entering.done());
    return () => {
      if (!siblings.delete(joined)) return;
      if (siblings.size === 0) this.#joined.delete(key);
      this.#redis.zrem(this.#onlineKey(user, queue), token).catch(() => {});
      void this.#giveBack(joined);
      void this.#giveUp(joined);
    };
  }

  stop(): void {
    clearInterval(this.#refresh);
  }

  /**
   * Connected first, then the buffer: what is pushed in between is published, and held here until the buffer's items
   * are sent (A112; B59, B60, B218).
   */
  async #drain(joined: Joined, lastSeen: number | undefined): Promise<void> {
    const { log } = this.#options;
    joined.held ??= [];
    let missed: readonly Envelope[] = [];
    try {
      missed = await this.#missed(joined, lastSeen);
    } catch (error) {
      // Live at least; the buffer is read when Redis is back.
      log.warn("could not read an offline buffer", { user: joined.user, reason: reasonOf(error) });
    }
    await new Promise<void>((resolve) => {
      this.#options.policies.joinLive({
        catchUp: (done) => this.#sendAll(joined, missed, done, resolve),
        goLive: () => {
          joined.held = undefined;
          joined.entering.goLive();
        },
      });
    });
  }

  async #missed(joined: Joined, lastSeen: number | undefined): Promise<readonly Envelope[]> {
    const { policies, journal, messagesMax, metrics } = this.#options;
    const { user, queue } = joined;
    let expected = 0;
    const get = async (remove: "0" | "1") => {
      const [count, ...bodies] = await this.#redis.takeBuffer(
        ...([bufferKey(user), missedKey(user, queue), queue, remove] as const),
      );
      expected = Number(count);
      return bodies.flatMap((body) => parseEnvelope(`{"logId":null,${body}`) ?? []);
    };
    const after = lastSeen === undefined ? undefined : policies.resumeAfter(lastSeen, "user-queue");
    // In this order, and in one round trip.
    const online = this.#beOnline([joined]);
    const taking = policies.takeBuffer({
      take: () => get("1"),
      read: () => get("0"),
      remove: async () => void (await get("1")),
    });
    const looking = policies.keepsUntilTaken()
      ? joined.watch.missed(after, (envelope) => this.#sendLate(joined, envelope))
      : nothingMissed;
    const [, taken, { lost, places }] = await Promise.all([online, taking, looking]);
    joined.unconfirmed.push(...taken);
    metrics.offlineItems.inc({ what: "drained" }, taken.length);
    const toEnvelope = (row: JournalRow) => this.#toEnvelope(row, places.get(row.msgId));
    if (after !== undefined) {
      const rows = await journal.after(user, queue, after, messagesMax + 1);
      if (rows.length > messagesMax) this.#tellGap(joined, after, rows.shift()!.seq + 1);
      // Nothing was sent in the order of the journal: who saw `after` may not have seen what is before it.
      const unseen = taken.filter(({ seq }) => seq === 0 || seq !== after);
      return inOrder(union(rows.map(toEnvelope), [...lost, ...unseen]));
    }
    if (expected > taken.length && policies.fallsBackToStore()) {
      const rows = await journal.unsent(user, queue, messagesMax);
      return union(rows.map(toEnvelope), inOrder([...lost, ...taken]));
    }
    return inOrder([...lost, ...taken]);
  }

  #sendAll(joined: Joined, missed: readonly Envelope[], live: () => void, over: () => void): void {
    const { metrics, marks } = this.#options;
    const { entering } = joined;
    const sent = new Set<string>();
    const next = (waiting: readonly Envelope[]): void => {
      if (!entering.isOpen()) {
        over();
        return;
      }
      const batch = nextBatch(waiting);
      for (const envelope of batch) {
        if (sent.has(envelope.msgId)) continue;
        sent.add(envelope.msgId);
        this.#send(joined, envelope);
      }
      const rest = waiting.slice(batch.length);
      if (batch.length > 0) {
        metrics.replayed.inc(batch.length);
        const taken = new Set(batch.map(({ msgId }) => msgId));
        entering.onceTaken(() => {
          joined.unconfirmed = joined.unconfirmed.filter(({ msgId }) => !taken.has(msgId));
          marks.sent(batch);
        });
        entering.onceSent(() => next(rest));
        return;
      }
      const held = joined.held?.splice(0) ?? [];
      if (held.length > 0) {
        next(held);
        return;
      }
      live();
      over();
    };
    next(missed);
  }

  async #giveBack({ user, queue, unconfirmed }: Joined): Promise<void> {
    if (unconfirmed.length === 0) return;
    const { log, metrics } = this.#options;
    const { keys, asked } = this.#arguments(user, queue);
    try {
      const back = await this.#redis.requeue(...keys, ...asked, ...unconfirmed.map(envelopeBody));
      if (back > 0) metrics.offlineItems.inc({ what: "requeued" }, back);
      else metrics.relayPublished.inc(unconfirmed.length);
    } catch (error) {
      log.warn("could not give back to an offline buffer", { user, reason: reasonOf(error) });
    }
  }

  async #giveUp({ user, queue, watch }: Joined): Promise<void> {
    const { log, metrics } = this.#options;
    try {
      const moved = await watch.end(this.#onlineKey(user, queue));
      metrics.offlineItems.inc({ what: "untaken" }, moved);
    } catch (error) {
      // They stay where they are: the next session finds them there.
      log.warn("could not give up what was not taken", { user, reason: reasonOf(error) });
    }
  }

  /** A session that took it last has had its time: better out of order than not at all. */
  #sendLate(joined: Joined, envelope: Envelope): void {
    this.#options.metrics.replayed.inc();
    this.#send(joined, envelope);
  }

  #notRead(user: string): (error: unknown) => void {
    return (error) => {
      this.#options.log.warn("could not look after what was not taken", { user, reason: reasonOf(error) });
    };
  }

  #send(joined: Joined, envelope: Envelope): void {
    const { entering } = joined;
    if (!entering.isOpen()) return;
    const { logId, destination, msgId, originServerId, seq, payload } = envelope;
    const headers = {
      destination: `/user${destination}`,
      "message-id": msgId,
      "server-id": originServerId,
      ...(seq > 0 ? { seq: String(seq) } : {}),
      "content-type": "application/json",
    };
    entering.send({ headers, body: payload });
    this.#options.metrics.sent.inc();
    if (logId !== null && this.#options.policies.keepsUntilTaken()) joined.watch.sent(logId);
  }

  #tellGap({ entering, queue }: Joined, after: number, nextSequence: number): void {
    const { policies, metrics, serverId } = this.#options;
    if (!policies.tellsGap()) return;
    metrics.replayGaps.inc();
    const history = `/api/notifications?since=${after}`;
    const outgoing: Outgoing = {
      headers: {
        destination: `/user${queue}`,
        "message-id": messageId(),
        "server-id": serverId,
        type: "replay-gap",
        "content-type": "application/json",
      },
      body: JSON.stringify({ type: "replay-gap", lastSeen: after, nextSequence, history }),
    };
    entering.send(outgoing);
  }

  /** `logId` where it is also kept until it is taken. */
  readonly #toEnvelope = (
    { seq, msgId, user, queue, payload }: JournalRow,
    logId: string | undefined,
  ): Envelope => ({
    logId: logId ?? null,
    destination: queue,
    userId: user,
    originServerId: this.#options.serverId,
    timestamp: 0,
    msgId,
    seq,
    payload,
  });

  async #beOnline(joined: readonly Joined[]): Promise<void> {
    const { onlineTtlMs } = this.#options;
    const nowMs = Date.now();
    const pipeline = this.#redis.pipeline();
    for (const { user, queue, token } of joined) {
      const key = this.#onlineKey(user, queue);
      pipeline.zremrangebyscore(key, "-inf", `(${nowMs}`);
      pipeline.zadd(key, nowMs + onlineTtlMs, token);
      pipeline.pexpire(key, onlineTtlMs);
    }
    await pipeline.exec();
  }

  #stillHere(): void {
    const all = [...this.#all()];
    for (let n = 0; n < all.length; n += 500) this.#beOnline(all.slice(n, n + 500)).catch(() => {});
  }

  *#all(): Iterable<Joined> {
    for (const joined of this.#joined.values()) yield* joined;
  }

  #arguments(user: string, queue: string): UserQueueArguments {
    const { policies, relay, keepMs } = this.#options;
    const { items, ttlMs } = policies.bufferLimits(this.#options.buffer);
    return {
      keys: [
        ...([LOG_KEY, this.#onlineKey(user, queue), bufferKey(user)] as const),
        ...([missedKey(user, queue), untakenKey(user, queue)] as const),
      ],
      asked: [
        ...([`${CHANNEL_PREFIX}user.${user}${queue}`, queue, Date.now()] as const),
        ...([finite(items), finite(ttlMs), keepMs] as const),
        ...([relay.publishes, policies.keepsUntilTaken() ? "1" : "0"] as const),
      ],
    };
  }

  #onlineKey(user: string, queue: string): string {
    return this.#options.policies.onlineKey(user, queue, this.#options.serverId);
  }
}

/** One of each message: in the journal's order, then what it did not give. */
function union(journal: readonly Envelope[], buffer: readonly Envelope[]): Envelope[] {
  const known = new Set(journal.map(({ msgId }) => msgId));
  return [...journal, ...buffer.filter(({ msgId }) => !known.has(msgId))];
}

/** By the journal's sequence; what is in no journal comes first. */
function inOrder(waiting: readonly Envelope[]): readonly Envelope[] {
  return waiting.toSorted((a, b) => a.seq - b.seq);
}

function envelopeOf(event: UserEvent, serverId: string): Omit<Envelope, "logId"> {
  const { msgId, user, queue, seq, payload } = event;
  return {
    destination: queue,
    userId: user,
    originServerId: serverId,
    timestamp: Date.now(),
    msgId,
    seq,
    payload,
  };
}

/** Lua's numbers have no such thing as Infinity in text. */
function finite(limit: number): number {
  return Math.min(limit, 1_000_000_000);
}
