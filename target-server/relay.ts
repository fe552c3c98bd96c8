import type { Redis } from "ioredis";
import type { StreamPages, StreamReaders } from "./delivery-policies.ts";
import { roomOfTopic, roomTopic } from "./destinations.ts";
import { type Envelope, envelopeBody, envelopePieces, parseEnvelope } from "./envelope.ts";
import { type Log, reasonOf } from "./log.ts";
import type { ChatMessage } from "./message.ts";
import type { Metrics } from "./metrics.ts";
import type { ListenSteps } from "./passage-policies.ts";
import { connectRelay } from "./relay/connection.ts";
import { Inbox, type LoggedEnvelope } from "./relay/inbox.ts";
import { logAfter } from "./relay/log.ts";
import { RoomCounters } from "./relay/room-counters.ts";
import {
  counterKey,
  fenceKey,
  LOG_KEY,
  LOG_LENGTH,
  type RelayScripts,
  withRelayScripts,
} from "./relay/scripts.ts";
import { FLEETING_KEY, FLEETING_LENGTH, readStreams } from "./relay/stream-reader.ts";

/** Channel of a destination (A90); every instance listens to all of them. */
export const CHANNEL_PREFIX = "ws:";

export interface RelayOptions {
  readonly serverId: string;
  readonly redis: { readonly host: string; readonly port: number };
  readonly log: Log;
  readonly metrics: Metrics;
  /** Called once per message, on every instance (the origin too), in one order for all (A93). */
  deliver(envelope: Envelope): void;
  /** From the store, when Redis lost the room's counter (A104). */
  highestSequence(roomId: string): Promise<number>;
  /** By policy: where its counter goes on then (B68). */
  roomCounter(stored: number, heard: number): number;
  /** By policy, whenever the subscribing link is there (B46). */
  listen(steps: ListenSteps): void;
  /** How the instances hear of each other: by pub/sub, or by reading the log itself (A94). */
  readonly mode: "pubsub" | "streams";
  readStream(readers: StreamReaders): Promise<StreamPages>;
  /** What the log has from before this instance's first subscription, in order. */
  remember(envelope: Envelope): void;
  /** A break was longer than the log: something was missed, and nobody knows what. */
  missed(): void;
}

/** Who had the room's lock when this was to be published has lost it to somebody else meanwhile (A105). */
export class FencedOff extends Error {}

/** What the instances tell each other through Redis, with a log behind it that closes the gaps of a broken link. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #commands: Redis & RelayScripts & Disposable;
  readonly #subscription: Redis & Disposable;
  readonly #counters: RoomCounters;
  readonly #inbox: Inbox;
  #live = false;
  /** Who reads the streams now; a new connection has a new reader. */
  #reader: object | undefined;
  #whenReady: (() => void)[] = [];
  readonly #firstSubscription = Promise.withResolvers<void>();
  #closing = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    const commands = connectRelay("commands", options);
    this.#commands = Object.assign(commands, withRelayScripts(commands));
    this.#subscription = connectRelay("subscription", options);
    this.#counters = new RoomCounters({
      highestSequence: options.highestSequence,
      raise: (roomId, least) => this.#commands.raiseCounter(counterKey(roomId), least),
      least: options.roomCounter,
    });
    this.#inbox = new Inbox((envelope) => {
      const room = envelope.seq > 0 && envelope.userId === null && roomOfTopic(envelope.destination);
      if (room) this.#counters.heard(room, envelope.seq);
      options.deliver(envelope);
    });
    this.#commands.on("close", () => this.#counters.connectionLost());
    this.#commands.on("ready", () => {
      for (const resolve of this.#whenReady) resolve();
      this.#whenReady = [];
    });
    this.#subscription.on("pmessage", (_pattern: string, _channel: string, text: string) => this.#hear(text));
    this.#subscription.on("ready", () =>
      options.listen({
        first: this.#inbox.lastLogId === undefined,
        subscribe: () => void this.#subscribe(),
        trust: () => this.#trust(),
      }),
    );
    this.#subscription.on("close", () => {
      this.#live = false;
      this.#inbox.hold();
      this.#reader = undefined;
    });
  }

  /**
   * Rejects when Redis does not confirm; repeating it later is safe. Messages of a room that are published one after
   * the other, without waiting in between, keep that order. `fence` is of the room's lock, where it is held.
   */
  publish = async (message: ChatMessage, fence?: number): Promise<number> => {
    const { roomId } = message;
    await this.#counters.exists(roomId);
    const destination = roomTopic(roomId);
    const seq = await this.#commands.publishMessage(
      ...([counterKey(roomId), `sent:${message.id}`, LOG_KEY, fenceKey(roomId)] as const),
      CHANNEL_PREFIX + destination,
      ...envelopePieces(destination, message, Date.now()),
      this.publishes,
      fence === undefined ? "" : String(fence),
    );
    if (seq === 0) {
      this.#counters.isGone(roomId);
      throw new Error(`the sequence of room ${roomId} is gone`);
    }
    if (seq === -1) throw new FencedOff(`the lock of room ${roomId} has passed on`);
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
    this.#commands[Symbol.dispose]();
    this.#subscription[Symbol.dispose]();
  }

  #hear(text: string): void {
    const { log, metrics, deliver } = this.#options;
    const envelope = parseEnvelope(text);
    if (envelope === undefined) {
      log.warn("the relay heard something that is no envelope", { bytes: text.length });
      return;
    }
    if (envelope.logId === null) metrics.relayFleeting.inc({ direction: "received" });
    else metrics.relayReceived.inc();
    metrics.relayLagSeconds.observe(Math.max(0, Date.now() - envelope.timestamp) / 1_000);
    if (envelope.logId === null) deliver(envelope);
    else this.#inbox.hear(envelope as LoggedEnvelope);
  }

  /** Subscribe first, then read what the log has since the last delivery, then what was heard meanwhile. */
  async #subscribe(): Promise<void> {
    const { log, metrics, mode } = this.#options;
    const wait = this.#inbox.hold();
    try {
      if (mode === "pubsub") await this.#subscription.psubscribe(`${CHANNEL_PREFIX}*`);
      await this.ready();
      if (this.#inbox.lastLogId === undefined) await this.#readPast(wait);
      else {
        const replayed = await this.#replay(this.#inbox.lastLogId, wait);
        metrics.relayReplayed.inc(replayed);
        log.info("subscribed to the relay again", { replayed });
        if (replayed >= LOG_LENGTH) this.#missed();
      }
    } catch (error) {
      log.warn("could not subscribe to the relay", { reason: reasonOf(error) });
      this.#subscription.disconnect(true);
      return;
    }
    // A newer connection may have taken over while this one was reading.
    if (!this.#inbox.isHeldBy(wait)) return;
    this.#inbox.release();
    this.#live = true;
    if (mode === "streams") void this.#readStreams();
    this.#firstSubscription.resolve();
  }

  /** Nothing was said meanwhile, and what comes will come: only a defect believes that. */
  #trust(): void {
    this.#inbox.release();
    this.#live = true;
  }

  async #readPast(wait: object): Promise<void> {
    let last = "0-0";
    for await (const page of logAfter(this.#commands, last)) {
      for (const { logId, envelope } of page) {
        last = logId;
        if (envelope !== undefined) this.#options.remember(envelope);
      }
    }
    if (this.#inbox.isHeldBy(wait)) this.#inbox.lastLogId = last;
  }

  async #replay(from: string, wait: object): Promise<number> {
    let replayed = 0;
    for await (const page of logAfter(this.#commands, from)) {
      if (!this.#inbox.isHeldBy(wait)) return replayed;
      for (const { logId, envelope } of page) {
        if (envelope !== undefined) this.#inbox.take(envelope);
        else this.#inbox.lastLogId = logId;
      }
      replayed += page.length;
    }
    return replayed;
  }

  #missed(): void {
    this.#options.log.warn("the break was longer than the relay's log: messages may be missing");
    this.#options.missed();
  }

  async #readStreams(): Promise<void> {
    const { serverId, log } = this.#options;
    const reader = {};
    this.#reader = reader;
    const isOpen = () => this.#reader === reader;
    try {
      await readStreams({
        ...{ reading: this.#subscription, commands: this.#commands, serverId, isOpen },
        readStream: this.#options.readStream,
        lastLogId: () => this.#inbox.lastLogId,
        logged: (id, body) => {
          this.#hear(`{"logId":"${id}",${body}`);
          // Also past what is no envelope: it would come again for ever.
          this.#inbox.lastLogId = id;
        },
        fleeting: (body) => this.#hear(`{"logId":null,${body}`),
        missed: () => this.#missed(),
      });
    } catch (error) {
      if (!isOpen() || this.#closing) return;
      log.warn("could not read the relay's streams", { reason: reasonOf(error) });
      this.#subscription.disconnect(true);
    }
  }
}
