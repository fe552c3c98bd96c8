import { Redis } from "ioredis";
import type { StreamPages, StreamReaders } from "./delivery-policies.ts";
import { roomTopic } from "./destinations.ts";
import { type Envelope, envelopeBody, envelopePieces, isAfter, parseEnvelope } from "./envelope.ts";
import { type Log, reasonOf } from "./log.ts";
import type { ChatMessage } from "./message.ts";
import type { Metrics } from "./metrics.ts";

/** Channel of a destination (A90); every instance listens to all of them. */
export const CHANNEL_PREFIX = "ws:";
/** The last messages of all rooms, for instances whose subscription broke: pub/sub forgets what nobody heard. */
export const LOG_KEY = "relay:log";
export const LOG_LENGTH = 10_000;
/** Only with `RELAY=streams`: what is told once, of which a reader that was away misses nothing worth having. */
const FLEETING_KEY = "relay:fleeting";
const FLEETING_LENGTH = 1_000;
/** A reader of streams asks again after this long without anything new; well below the deadline of a command. */
const READ_BLOCK_MS = 500;
const SHARED_GROUP = "instances";
const LOG_PAGE = 500;
/** A publish whose answer was lost is repeated; for this long Redis knows that it happened. */
export const SENT_TTL_S = 600;
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
if ARGV[5] == '1' then redis.call('PUBLISH', ARGV[1], '{"logId":"' .. id .. '",' .. body) end
return seq
`;

/** The same for what has no sequence. Returns 1; 0 when it was told before (A102). */
const tellScript = `
if not redis.call('SET', KEYS[1], 0, 'NX', 'EX', ${SENT_TTL_S}) then return 0 end
local id = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ${LOG_LENGTH}, '*', 'e', ARGV[2])
if ARGV[3] == '1' then redis.call('PUBLISH', ARGV[1], '{"logId":"' .. id .. '",' .. ARGV[2]) end
return 1
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
    live: string,
  ): Promise<number>;
  tellAll(sent: string, log: string, channel: string, body: string, live: string): Promise<number>;
  raiseCounter(counter: string, least: number): Promise<number>;
}

type LoggedEnvelope = Envelope & { readonly logId: string };

export interface RelayOptions {
  readonly serverId: string;
  readonly redis: { readonly host: string; readonly port: number };
  readonly log: Log;
  readonly metrics: Metrics;
  /** Called once per message, on every instance (the origin too), in one order for all (A93). */
  deliver(envelope: Envelope): void;
  /** From the store, when Redis lost the room's counter (A104). */
  highestSequence(roomId: string): Promise<number>;
  /** How the instances hear of each other: by pub/sub, or by reading the log itself (A94). */
  readonly mode: "pubsub" | "streams";
  readStream(readers: StreamReaders): Promise<StreamPages>;
  /** What the log has from before this instance's first subscription, in order. */
  remember(envelope: Envelope): void;
  /** A break was longer than the log: something was missed, and nobody knows what. */
  missed(): void;
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
  #held: LoggedEnvelope[] | undefined = [];
  #live = false;
  /** Who reads the streams now; a new connection has a new reader. */
  #reader: object | undefined;
  #whenReady: (() => void)[] = [];
  readonly #firstSubscription = Promise.withResolvers<void>();
  #closing = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#commands = this.#connect("commands") as Redis & Scripts;
    this.#subscription = this.#connect("subscription");
    this.#commands.defineCommand("publishMessage", { numberOfKeys: 3, lua: publishScript });
    this.#commands.defineCommand("tellAll", { numberOfKeys: 2, lua: tellScript });
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
      this.#reader = undefined;
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
      this.publishes,
    );
    if (seq === 0) {
      this.#counters.delete(roomId);
      throw new Error(`the sequence of room ${roomId} is gone`);
    }
    this.#options.metrics.relayPublished.inc();
    return seq;
  };

  /**
   * Tells every instance of something that has no room sequence; who was away catches up with it. False when it was
   * told before under this id. Rejects when Redis does not confirm; repeating it later is safe.
   */
  async tell(event: Omit<Envelope, "logId">): Promise<boolean> {
    const channel = CHANNEL_PREFIX + event.destination;
    const told = await this.#commands.tellAll(
      `sent:${event.msgId}`,
      LOG_KEY,
      channel,
      envelopeBody(event),
      this.publishes,
    );
    if (told === 1) this.#options.metrics.relayPublished.inc();
    return told === 1;
  }

  /** Tells every instance that is there now, and forgets it. Rejects when Redis is away. */
  async whisper(event: Omit<Envelope, "logId">): Promise<void> {
    const body = envelopeBody(event);
    if (this.#options.mode === "pubsub") {
      await this.#commands.publish(CHANNEL_PREFIX + event.destination, `{"logId":null,${body}`);
    } else {
      await this.#commands.xadd(FLEETING_KEY, "MAXLEN", "~", FLEETING_LENGTH, "*", "e", body);
    }
    this.#options.metrics.relayFleeting.inc({ direction: "published" });
  }

  /** For scripts that publish by themselves: "0" where the instances read the log. */
  get publishes(): "0" | "1" {
    return this.#options.mode === "pubsub" ? "1" : "0";
  }

  /** The connection of all commands, for what must keep their order. */
  get redis(): Redis {
    return this.#commands;
  }

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
    if (envelope.logId === null) this.#options.metrics.relayFleeting.inc({ direction: "received" });
    else this.#options.metrics.relayReceived.inc();
    this.#options.metrics.relayLagSeconds.observe(Math.max(0, Date.now() - envelope.timestamp) / 1_000);
    if (envelope.logId === null) this.#options.deliver(envelope);
    else if (this.#held === undefined) this.#deliver(envelope as LoggedEnvelope);
    else this.#held.push(envelope as LoggedEnvelope);
  }

  /** The log's order is the order of all instances, so a place not after the last one was delivered before. */
  #deliver(envelope: LoggedEnvelope): void {
    if (this.#lastLogId !== undefined && !isAfter(envelope.logId, this.#lastLogId)) return;
    this.#lastLogId = envelope.logId;
    // A direct message is one message with two addressees.
    const { msgId, userId } = envelope;
    const known = userId === null ? msgId : `${msgId} ${userId}`;
    if (this.#recent.has(known)) return;
    this.#recent.add(known);
    if (this.#recent.size > RECENT_MAX) this.#recent.delete(this.#recent.values().next().value!);
    if (envelope.seq > 0 && envelope.userId === null) this.#highest.set(envelope.destination, envelope.seq);
    this.#options.deliver(envelope);
  }

  /** Subscribe first, then read what the log has since the last delivery, then what was heard meanwhile. */
  async #subscribe(): Promise<void> {
    const { log, metrics } = this.#options;
    const held: LoggedEnvelope[] = [];
    this.#held = held;
    try {
      if (this.#options.mode === "pubsub") await this.#subscription.psubscribe(`${CHANNEL_PREFIX}*`);
      await this.ready();
      if (this.#lastLogId === undefined) {
        const readTo = await this.#readPast();
        if (this.#held !== held) return;
        this.#lastLogId = readTo;
      } else {
        const replayed = await this.#replay(held);
        metrics.relayReplayed.inc(replayed);
        log.info("subscribed to the relay again", { replayed });
        if (replayed >= LOG_LENGTH) {
          log.warn("the break was longer than the relay's log: messages may be missing");
          this.#options.missed();
        }
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
    if (this.#options.mode === "streams") void this.#readStreams();
    this.#firstSubscription.resolve();
  }

  /** Returns the place in the log up to which everything is remembered. */
  async #readPast(): Promise<string> {
    let last = "0-0";
    for (;;) {
      const page = await this.#commands.xrange(LOG_KEY, `(${last}`, "+", "COUNT", LOG_PAGE);
      for (const [logId, fields] of page) {
        last = logId;
        const envelope = parseEnvelope(`{"logId":"${logId}",${fields[1]}`);
        if (envelope !== undefined) this.#options.remember(envelope);
      }
      if (page.length < LOG_PAGE) return last;
    }
  }

  /** Each instance has its own cursor, and goes on where it was: a group would share the entries out (A94, I59). */
  async #readStreams(): Promise<void> {
    const reader = {};
    this.#reader = reader;
    try {
      const [fleeting] = await this.#commands.xrevrange(FLEETING_KEY, "+", "-", "COUNT", 1);
      let fleetingId = fleeting?.[0] ?? "0-0";
      while (this.#reader === reader) {
        const pages = await this.#options.readStream(this.#readers(fleetingId));
        if (this.#reader !== reader) return;
        for (const [stream, entries] of pages) {
          for (const [id, fields] of entries) {
            if (stream === FLEETING_KEY) fleetingId = id;
            this.#hear(`{"logId":${stream === FLEETING_KEY ? "null" : `"${id}"`},${fields[1]}`);
            // Also past what is no envelope: it would come again for ever.
            if (stream === LOG_KEY) this.#lastLogId = id;
          }
        }
      }
    } catch (error) {
      if (this.#reader !== reader || this.#closing) return;
      this.#options.log.warn("could not read the relay's streams", { reason: reasonOf(error) });
      this.#subscription.disconnect(true);
    }
  }

  #readers(fleetingId: string): StreamReaders {
    const redis = this.#subscription;
    const read = async (logId: string, otherId: string) =>
      ((await redis.xread(
        ...(["COUNT", LOG_PAGE, "BLOCK", READ_BLOCK_MS] as const),
        ...(["STREAMS", LOG_KEY, FLEETING_KEY, logId, otherId] as const),
      )) ?? []) as StreamPages;
    return {
      own: () => read(this.#lastLogId ?? "0-0", fleetingId),
      newest: () => read("$", "$"),
      shared: async () => {
        await redis.xgroup("CREATE", LOG_KEY, SHARED_GROUP, "$", "MKSTREAM").catch(() => {});
        const group = ["GROUP", SHARED_GROUP, this.#options.serverId] as const;
        return ((await redis.xreadgroup(
          ...group,
          ...(["COUNT", LOG_PAGE, "BLOCK", READ_BLOCK_MS, "NOACK"] as const),
          ...(["STREAMS", LOG_KEY, ">"] as const),
        )) ?? []) as StreamPages;
      },
    };
  }

  async #replay(held: readonly LoggedEnvelope[]): Promise<number> {
    let replayed = 0;
    for (;;) {
      const page = await this.#commands.xrange(LOG_KEY, `(${this.#lastLogId}`, "+", "COUNT", LOG_PAGE);
      if (this.#held !== held) return replayed;
      for (const [logId, fields] of page) {
        const envelope = parseEnvelope(`{"logId":"${logId}",${fields[1]}`);
        if (envelope !== undefined) this.#deliver(envelope as LoggedEnvelope);
        else this.#lastLogId = logId;
      }
      replayed += page.length;
      if (page.length < LOG_PAGE) return replayed;
    }
  }

  /** A link that swallows is noticed by its silence: a subscriber sends nothing that could fail by itself. */
  #ping(): void {
    const connections = { commands: this.#commands, subscription: this.#subscription };
    for (const [connection, redis] of Object.entries(connections)) {
      if (redis.status !== "ready") continue;
      const answered = this.#options.metrics.redisPingSeconds.startTimer({ connection });
      redis.ping().then(
        () => answered(),
        () => redis.disconnect(true),
      );
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
