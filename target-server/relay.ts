import { Redis } from "ioredis";
import { roomTopic } from "./destinations.ts";
import { type Envelope, envelopePieces, isAfter, parseEnvelope } from "./envelope.ts";
import { type Log, reasonOf } from "./log.ts";
import type { ChatMessage } from "./message.ts";
import type { Metrics } from "./metrics.ts";

/** Channel of a destination (A90); every instance listens to all of them. */
const CHANNEL_PREFIX = "ws:";
/** The last messages of all rooms, for instances whose subscription broke: pub/sub forgets what nobody heard. */
const LOG_KEY = "relay:log";
const LOG_LENGTH = 10_000;
const LOG_PAGE = 500;
/** A publish whose answer was lost is repeated; for this long Redis knows that it happened. */
const SENT_TTL_S = 600;
/** Commands and connects end after this long, also on a link that swallows (A96). */
const DEADLINE_MS = 2_000;
const PING_EVERY_MS = 1_000;
const RECONNECT_MAX_MS = 500;
/** Message ids remembered against a second delivery when Redis itself lost its memory. */
const RECENT_MAX = 10_000;

/**
 * Sequence, log and publish as one step, so that the order of a room's sequence is the order in which every instance
 * hears it, whichever instance publishes. Idempotent by message id. Returns the sequence; 0 when the room has no
 * counter.
 */
const publishScript = `
local sent = redis.call('GET', KEYS[2])
if sent then return tonumber(sent) end
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local seq = redis.call('INCR', KEYS[1])
redis.call('SET', KEYS[2], seq, 'EX', ${SENT_TTL_S})
local body = ARGV[2] .. string.format('%d', seq) .. ARGV[3] .. string.format('%d', seq) .. ARGV[4]
local id = redis.call('XADD', KEYS[3], 'MAXLEN', '~', ${LOG_LENGTH}, '*', 'e', body)
redis.call('PUBLISH', ARGV[1], '{"logId":"' .. id .. '",' .. body)
return seq
`;

/** A room's counter never goes back, whatever Redis forgot or another instance knows less of. */
const raiseCounterScript = `
local now = tonumber(redis.call('GET', KEYS[1]) or '-1')
if now < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
return 1
`;

/** The two scripts, as ioredis adds them to its client. */
interface Scripts {
  publishMessage(
    counter: string,
    sent: string,
    log: string,
    channel: string,
    head: string,
    middle: string,
    tail: string,
  ): Promise<number>;
  raiseCounter(counter: string, least: number): Promise<number>;
}

export interface RelayOptions {
  readonly redis: { readonly host: string; readonly port: number };
  readonly log: Log;
  readonly metrics: Metrics;
  /** Called once per message, on every instance (the origin too), in one order for all (A93). */
  deliver(envelope: Envelope): void;
  /** From the store, when Redis lost the room's counter (A104). */
  highestSequence(roomId: string): Promise<number>;
}

/** Redis pub/sub between the instances, with a log behind it that closes the gaps of a broken subscription. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #commands: Redis & Scripts;
  readonly #subscription: Redis;
  readonly #pings: NodeJS.Timeout;
  /** By destination: the last sequence heard, in case Redis loses its counter. */
  readonly #highest = new Map<string, number>();
  /** By room: its counter is known to exist on this connection, or is just being made sure of. */
  readonly #counters = new Map<string, Promise<void>>();
  readonly #recent = new Set<string>();
  /** Place in the log of the last message delivered; undefined before the first subscription. */
  #lastLogId: string | undefined;
  /** Heard while the log is still being read: delivered after it. Undefined: nothing is being read. */
  #held: Envelope[] | undefined = [];
  #live = false;
  #whenReady: (() => void)[] = [];
  readonly #firstSubscription = Promise.withResolvers<void>();
  #closing = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#commands = this.#connect("commands") as Redis & Scripts;
    this.#subscription = this.#connect("subscription");
    this.#commands.defineCommand("publishMessage", { numberOfKeys: 3, lua: publishScript });
    this.#commands.defineCommand("raiseCounter", { numberOfKeys: 1, lua: raiseCounterScript });
    // A new connection may be to a Redis that forgot everything.
    this.#commands.on("close", () => this.#counters.clear());
    this.#commands.on("ready", () => {
      for (const resolve of this.#whenReady) resolve();
      this.#whenReady = [];
    });
    this.#subscription.on("pmessage", (_pattern: string, _channel: string, text: string) => this.#hear(text));
    this.#subscription.on("ready", () => void this.#subscribe());
    this.#subscription.on("close", () => {
      this.#live = false;
      this.#held = [];
    });
    this.#pings = setInterval(() => this.#ping(), PING_EVERY_MS);
    this.#pings.unref();
  }

  /**
   * Rejects when Redis does not confirm; repeating it later is safe. Messages of a room that are published one after
   * the other, without waiting in between, keep that order.
   */
  publish = async (message: ChatMessage): Promise<number> => {
    const { roomId } = message;
    await this.#counterExists(roomId);
    const destination = roomTopic(roomId);
    const seq = await this.#commands.publishMessage(
      counterKey(roomId),
      `sent:${message.id}`,
      LOG_KEY,
      CHANNEL_PREFIX + destination,
      ...envelopePieces(destination, message, Date.now()),
    );
    if (seq === 0) {
      this.#counters.delete(roomId);
      throw new Error(`the sequence of room ${roomId} is gone`);
    }
    this.#options.metrics.relayPublished.inc();
    return seq;
  };

  /** Resolves when commands can be sent. */
  async ready(): Promise<void> {
    if (this.#commands.status !== "ready")
      await new Promise<void>((resolve) => this.#whenReady.push(resolve));
  }

  /** Undefined when Redis answers and this instance hears the others (A128); else why not. */
  async notReady(): Promise<string | undefined> {
    try {
      await this.#commands.ping();
    } catch (error) {
      return reasonOf(error);
    }
    return this.#live ? undefined : "not subscribed";
  }

  /** Resolves with the first subscription. */
  get subscribed(): Promise<void> {
    return this.#firstSubscription.promise;
  }

  get live(): boolean {
    return this.#live;
  }

  close(): void {
    this.#closing = true;
    clearInterval(this.#pings);
    this.#commands.disconnect();
    this.#subscription.disconnect();
  }

  /** Once per room and connection: the counter is at least what the store and this instance know of (A104). */
  #counterExists(roomId: string): Promise<void> {
    let exists = this.#counters.get(roomId);
    if (exists === undefined) {
      exists = this.#raiseCounter(roomId);
      this.#counters.set(roomId, exists);
      exists.catch(() => this.#counters.delete(roomId));
    }
    return exists;
  }

  async #raiseCounter(roomId: string): Promise<void> {
    const stored = await this.#options.highestSequence(roomId);
    const heard = this.#highest.get(roomTopic(roomId)) ?? 0;
    await this.#commands.raiseCounter(counterKey(roomId), Math.max(stored, heard));
  }

  #hear(text: string): void {
    const envelope = parseEnvelope(text);
    if (envelope === undefined) {
      this.#options.log.warn("the relay heard something that is no envelope", { bytes: text.length });
      return;
    }
    this.#options.metrics.relayReceived.inc();
    this.#options.metrics.relayLagSeconds.observe(Math.max(0, Date.now() - envelope.timestamp) / 1_000);
    if (this.#held === undefined) this.#deliver(envelope);
    else this.#held.push(envelope);
  }

  /** The log's order is the order of all instances, so a place not after the last one was delivered before. */
  #deliver(envelope: Envelope): void {
    if (this.#lastLogId !== undefined && !isAfter(envelope.logId, this.#lastLogId)) return;
    this.#lastLogId = envelope.logId;
    if (this.#recent.has(envelope.msgId)) return;
    this.#recent.add(envelope.msgId);
    if (this.#recent.size > RECENT_MAX) this.#recent.delete(this.#recent.values().next().value!);
    this.#highest.set(envelope.destination, envelope.seq);
    this.#options.deliver(envelope);
  }

  /** Subscribe first, then read what the log has since the last delivery, then what was heard meanwhile. */
  async #subscribe(): Promise<void> {
    const { log, metrics } = this.#options;
    const held: Envelope[] = [];
    this.#held = held;
    try {
      await this.#subscription.psubscribe(`${CHANNEL_PREFIX}*`);
      await this.ready();
      if (this.#lastLogId === undefined) {
        const [newest] = await this.#commands.xrevrange(LOG_KEY, "+", "-", "COUNT", 1);
        this.#lastLogId = newest?.[0] ?? "0-0";
      } else {
        const replayed = await this.#replay(held);
        metrics.relayReplayed.inc(replayed);
        log.info("subscribed to the relay again", { replayed });
        if (replayed >= LOG_LENGTH)
          log.warn("the break was longer than the relay's log: messages may be missing");
      }
    } catch (error) {
      log.warn("could not subscribe to the relay", { reason: reasonOf(error) });
      this.#subscription.disconnect(true);
      return;
    }
    // A newer connection may have taken over while this one was reading.
    if (this.#held !== held) return;
    this.#held = undefined;
    for (const envelope of held) this.#deliver(envelope);
    this.#live = true;
    this.#firstSubscription.resolve();
  }

  async #replay(held: readonly Envelope[]): Promise<number> {
    let replayed = 0;
    for (;;) {
      const page = await this.#commands.xrange(LOG_KEY, `(${this.#lastLogId}`, "+", "COUNT", LOG_PAGE);
      if (this.#held !== held) return replayed;
      for (const [logId, fields] of page) {
        const envelope = parseEnvelope(`{"logId":"${logId}",${fields[1]}`);
        if (envelope !== undefined) this.#deliver(envelope);
        else this.#lastLogId = logId;
      }
      replayed += page.length;
      if (page.length < LOG_PAGE) return replayed;
    }
  }

  /** A link that swallows is noticed by its silence: a subscriber sends nothing that could fail by itself. */
  #ping(): void {
    for (const redis of [this.#commands, this.#subscription]) {
      if (redis.status === "ready") redis.ping().catch(() => redis.disconnect(true));
    }
  }

  #connect(name: string): Redis {
    const redis = new Redis({
      ...this.#options.redis,
      connectionName: name,
      connectTimeout: DEADLINE_MS,
      commandTimeout: DEADLINE_MS,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      disableClientInfo: true,
      retryStrategy: (times) => (this.#closing ? null : Math.min(times * 50, RECONNECT_MAX_MS)),
    });
    let wasUp = true;
    redis.on("ready", () => {
      wasUp = true;
      this.#options.log.info("connected to Redis", { connection: name });
    });
    redis.on("error", (error) => {
      if (wasUp) this.#options.log.warn("Redis is away", { connection: name, reason: reasonOf(error) });
      wasUp = false;
    });
    return redis;
  }
}

function counterKey(roomId: string): string {
  return `seq:room:${roomId}`;
}
