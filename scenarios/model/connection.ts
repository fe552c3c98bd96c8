import { encode } from "../../target-server/stomp/encode.ts";
import { frame, type Headers } from "../../target-server/stomp/frame.ts";
import { agreeBeat, EOL, type HeartBeat, parseHeartBeat } from "../../target-server/stomp/heart-beat.ts";
import type { Engine, Pending, RawWire, Wire, WireEvents } from "./engine.ts";
import { Familiar } from "./familiar.ts";
import { findIdentity, identityPrefix } from "./identity.ts";
import { body, header, type LazyFrame, LazyReader, rawHeader } from "./lazy-frame.ts";
import { type Outgoing, Publisher } from "./publisher.ts";
import { type Client, Lost, type Publishing, type Session } from "./session.ts";

/** Deadlines of our own, because an engine may have none: k6 waits 60 s for a handshake and for ever for a close. */
export const HANDSHAKE_MS = 10_000;
export const CONNECTED_MS = 10_000;
export const RECEIPT_MS = 10_000;
/** From DISCONNECT to the end of the WebSocket. Long enough for confirmations that a machine short of CPU has late. */
export const LEAVE_MS = 5_000;
/** Offered and wanted heart-beats, before the time scale (A53, profile bracit). */
export const BEAT_MS = 10_000;
/** A peer that is silent for so many of its intervals is dead (A54 has 1.5 to 2). */
export const BEATS_MISSED = 2;

/** Where the reference server names the SENDs that it refused (A40). */
const REPLY = "/user/queue/reply";
/** Characters of a foreign message or of an ERROR that are kept as evidence. */
const TEXT_SHOWN = 120;

/** What outlives the connections of one client. */
export interface Life {
  readonly client: Client;
  /** When the load wants it connected first. */
  readonly dueMs: number;
  publisher?: Publisher;
}

/**
 * One STOMP session of one client: from the dial to the close, with its deadlines, heart-beats and subscriptions.
 * It ends once, and says so once: `failed` before CONNECTED, `closed` after.
 */
export class Connection implements Session, WireEvents {
  readonly client: Client;
  readonly attempt: number;
  readonly #life: Life;
  readonly #engine: Engine;
  readonly #dueMs: number;
  readonly #endpoint: number;
  readonly #reader = new LazyReader();
  /** From the first message on. */
  #familiar: Familiar | undefined;
  readonly #prefix: string;
  #state: "new" | "dialling" | "connecting" | "up" | "leaving" | "over" = "new";
  #wire: Wire | undefined;
  #server: string | undefined;
  #lastHeardMs = 0;
  #lastSentMs = 0;
  #connectedMs: number | undefined;
  #endedMs: number | undefined;
  /** What an ERROR frame said, as the reason of the close that follows it. */
  #error: string | undefined;
  /** Numbers, by what stands after `sub-` in the id. */
  readonly #subscriptions: number[] = [];
  /** Their destinations, and what the header line of a MESSAGE looks like that is meant for them. */
  readonly #destinations: Destination[] = [];
  #beatOffered: HeartBeat;
  #confirmed = 0;
  /** Since when it has not read as it should, by its own will; it may be reading again. */
  #slowSinceMs: number | undefined;
  #readsFreely = true;
  /** What it had read when it read freely again: from there on comes what others held for it. */
  #caughtUpFrom: number | undefined;
  /** Rejects every call that is waiting. */
  readonly #waiting = new Set<(lost: Lost) => void>();
  /** Resolves of calls that wait for a RECEIPT, by receipt id. */
  readonly #receipts = new Map<string, () => void>();
  /** All that is to be cancelled when it ends. */
  readonly #pending = new Set<Pending>();
  #onConnected = nothing;
  #onClosed = nothing;
  /** Of the present state. */
  #deadline: Pending | undefined;
  /** Until it is connected: the end of the run ends it too. */
  #endsEarly: Pending | undefined;

  constructor(life: Life, attempt: number, dueMs: number, engine: Engine) {
    this.client = life.client;
    this.attempt = attempt;
    this.#life = life;
    this.#engine = engine;
    this.#dueMs = dueMs;
    this.#endpoint = (life.client.number + attempt) % engine.config.endpoints.length;
    this.#prefix = identityPrefix(engine.config.nonce);
    const beatMs = Math.max(1, Math.round(BEAT_MS * engine.config.timeScale));
    this.#beatOffered = { sendsMs: beatMs, wantsMs: beatMs };
  }

  /** When it ended; undefined while it has not. */
  get endedMs(): number | undefined {
    return this.#endedMs;
  }

  /** How long it was connected; 0 if it never was. */
  get livedMs(): number {
    if (this.#connectedMs === undefined) return 0;
    return (this.#endedMs ?? this.#engine.nowMs()) - this.#connectedMs;
  }

  // Session

  connect({ beat }: { readonly beat?: readonly [number, number] } = {}): Promise<void> {
    const { config, journal } = this.#engine;
    if (beat) this.#beatOffered = { sendsMs: beat[0], wantsMs: beat[1] };
    if (this.#state !== "new")
      throw new Error("a session connects once; the engine connects again after a loss");
    return this.#wait((resolve) => {
      journal.connection({ what: "due", atMs: this.#dueMs, ...this.#who() });
      this.#state = "dialling";
      this.#onConnected = resolve;
      this.#within(HANDSHAKE_MS, "no answer to the WebSocket handshake");
      this.#wire = this.#engine.dial(config.endpoints[this.#endpoint] as string, this);
      this.#endsEarly = this.#engine.atEnd(() => this.giveUp("the run ended"), this.#pending);
    });
  }

  subscribe(destination: string): Promise<void> {
    const id = `sub-${this.#subscriptions.length}`;
    const subscription = this.#engine.newSubscription();
    const askedMs = this.#engine.nowMs();
    this.#subscriptions.push(subscription);
    this.#destinations.push({ name: destination, line: `\ndestination:${destination}` });
    return this.#receipt(
      id,
      () => this.#frame("SUBSCRIBE", { id, destination, receipt: id }),
      () => {
        this.#engine.journal.connection({
          what: "subscribed",
          atMs: this.#engine.nowMs(),
          client: this.client.number,
          attempt: this.attempt,
          subscription,
          destination,
          askedMs,
        });
        if (this.#confirmed++ === 0) this.#engine.gauges.subscribed += 1;
      },
    );
  }

  publish(publishing: Publishing): Promise<void> {
    const life = this.#life;
    life.publisher ??= new Publisher(life.client, life.dueMs, publishing, this.#engine);
    const { publisher } = life;
    if (publisher.publishing.destination !== publishing.destination) {
      throw new Error(`${life.client.user} already publishes to ${publisher.publishing.destination}`);
    }
    publisher.skipOffline(this.#engine.nowMs());
    return this.#wait((resolve) => {
      this.#engine.atEnd(resolve, this.#pending);
      const turn = () => {
        publisher.sendDue((outgoing) => this.#send(outgoing, publishing.destination));
        const nextMs = publisher.nextMs();
        if (nextMs === undefined) this.#at(this.#engine.publishUntilMs, resolve);
        else this.#at(nextMs, turn);
      };
      turn();
    });
  }

  stay(): Promise<void> {
    return this.#wait((resolve) => this.#engine.atEnd(resolve, this.#pending));
  }

  wait(ms: number): Promise<void> {
    return this.#wait((resolve) => {
      this.#engine.atEnd(resolve, this.#pending);
      this.#at(this.#engine.nowMs() + ms, resolve);
    });
  }

  get raw(): RawWire {
    const raw = this.#wire?.raw;
    if (!raw) {
      throw new Error(
        this.#wire ? 'only the role\'s engine: "native" can do that' : "there is no connection",
      );
    }
    return {
      read: (pace) => {
        this.#readsFreely = pace === "freely";
        if (!this.#readsFreely) this.#slowDown();
        else if (this.#slowSinceMs !== undefined) this.#caughtUpFrom = raw.bytesRead;
        raw.read(pace);
      },
      halfOpen: () => {
        this.#readsFreely = false;
        this.#slowDown();
        raw.halfOpen();
      },
      sendBytes: (bytes) => raw.sendBytes(bytes),
      sendFrame: (frame) => raw.sendFrame(frame),
      get bytesRead() {
        return raw.bytesRead;
      },
    };
  }

  disconnect(): Promise<void> {
    // A session that is over has nothing to leave; one that is leaving is waited for by whoever asked first.
    if (this.#state !== "up") return Promise.resolve();
    return this.#wait((resolve) => {
      this.#state = "leaving";
      this.#onClosed = resolve;
      this.#within(LEAVE_MS, "no answer to DISCONNECT");
      this.#receipts.set("bye", () => this.#wire?.close(1000, ""));
      this.#frame("DISCONNECT", { receipt: "bye" });
    });
  }

  // WireEvents

  /** What outlives this connection. */
  get owner(): object {
    return this.#life;
  }

  opened(): void {
    if (this.#state !== "dialling") return;
    this.#state = "connecting";
    this.#within(CONNECTED_MS, "no CONNECTED");
    const { config } = this.#engine;
    const { sendsMs, wantsMs } = this.#beatOffered;
    this.#frame("CONNECT", {
      "accept-version": "1.2,1.1,1.0",
      host: hostOf(config.endpoints[this.#endpoint] as string),
      "heart-beat": `${sendsMs},${wantsMs}`,
      "connect-attempt": String(this.attempt),
      ...this.#engine.connectHeaders(this.client.user),
    });
  }

  text(data: string, atMs: number): void {
    if (this.#state === "over") return;
    this.#lastHeardMs = atMs;
    const { journal } = this.#engine;
    journal.heard(data.length);
    if (!this.#reader.isBetweenFrames) {
      this.#read(data, atMs);
      return;
    }
    if (data === EOL) return;
    const familiar = this.#familiar;
    if (familiar?.accepts(data)) {
      familiar.receivedMs = atMs;
      journal.arrived(familiar);
    } else {
      this.#read(data, atMs);
    }
  }

  #read(data: string, atMs: number): void {
    try {
      this.#reader.read(data, (frame) => this.#received(frame, atMs));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.giveUp(error.message);
    }
  }

  closed(code: number | null, reason: string): void {
    this.#engine.unanswered.delete(this);
    // Told by the server while it read on: everything until then was sent before it was evicted.
    if (this.#state === "up" && code !== null && this.#caughtUpFrom !== undefined && this.#wire?.raw) {
      this.#engine.journal.count("bytesHeld", this.#wire.raw.bytesRead - this.#caughtUpFrom);
    }
    this.#end(code, reason === "" ? (this.#error ?? "") : reason, code === null ? "unknown" : "peer");
  }

  /** Ends it from our side without waiting for the peer. A WebSocket that is open still gets a close frame. */
  giveUp(reason: string): void {
    if (this.#state === "over") return;
    if (this.#wire) this.#engine.unanswered.add(this);
    const wire = this.#wire;
    this.#end(null, reason, "self");
    wire?.close(4000, reason.slice(0, 60));
  }

  // Frames

  #received(frame: LazyFrame, atMs: number): void {
    if (this.#state === "over") return;
    switch (frame.command) {
      case "MESSAGE":
        this.#message(frame, atMs);
        break;
      case "RECEIPT":
        this.#receiptCame(header(frame, "receipt-id") ?? "", atMs);
        break;
      case "CONNECTED":
        this.#connected(frame, atMs);
        break;
      case "ERROR":
        this.#errorFrame(frame, atMs);
        break;
    }
  }

  /** Two headers and a mark in the body, nothing decoded. */
  #message(frame: LazyFrame, atMs: number): void {
    const { journal } = this.#engine;
    const id = rawHeader(frame, "subscription");
    if (id === "reply") {
      this.#reply(frame, atMs);
      return;
    }
    const index = id?.startsWith("sub-") ? Number(id.slice(4)) : -1;
    const subscription = this.#subscriptions[index];
    const mark = frame.text.indexOf(this.#prefix, frame.bodyAt);
    const ours = mark >= 0 && mark < frame.end;
    const identity = ours ? findIdentity(frame.text, this.#prefix, mark) : undefined;
    const number = Number(rawHeader(frame, "seq") ?? Number.NaN);
    const sequence = Number.isSafeInteger(number) && number >= 0 ? number : undefined;
    if (!identity || subscription === undefined) {
      journal.foreign(atMs, subscription ?? NO_SUBSCRIPTION, body(frame).slice(0, TEXT_SHOWN), sequence);
      return;
    }
    const { name: destination, line } = this.#destinations[index] as Destination;
    const strayed = elsewhere(frame, line);
    const { role } = this.client;
    journal.arrived({
      ...identity,
      subscription,
      sequence,
      elsewhere: strayed,
      receivedMs: atMs,
      role,
      destination,
      slow: this.#slowSinceMs !== undefined,
    });
    if (strayed !== undefined) return;
    if (!this.#familiar) {
      this.#familiar = new Familiar(this.#prefix, role);
      if (this.#slowSinceMs !== undefined) this.#familiar.slowDown();
    }
    this.#familiar.learn(frame, index, subscription, destination);
  }

  /** The reference server names here the SENDs that it refused (A48). */
  #reply(frame: LazyFrame, atMs: number): void {
    const slot = slotOf(header(frame, "receipt-id"));
    if (slot !== undefined) this.#outcome(slot, atMs, "r");
  }

  #receiptCame(id: string, atMs: number): void {
    const slot = slotOf(id);
    if (slot !== undefined) {
      this.#outcome(slot, atMs, "c");
      return;
    }
    const resolve = this.#receipts.get(id);
    this.#receipts.delete(id);
    resolve?.();
  }

  #outcome(slot: number, atMs: number, outcome: "c" | "r"): void {
    const intendedMs = this.#life.publisher?.intendedOf(slot);
    if (intendedMs === undefined) return;
    const { journal } = this.#engine;
    journal.outcome(this.client.number, slot, atMs, outcome);
    if (outcome === "r") return;
    const metric = this.#slowSinceMs === undefined ? "confirm" : "slowConfirm";
    journal.measure(metric, this.client.role, intendedMs, atMs - intendedMs, this.#sendsTo());
  }

  #sendsTo(): string | undefined {
    return this.#life.publisher?.publishing.destination;
  }

  #connected(frame: LazyFrame, atMs: number): void {
    if (this.#state !== "connecting") return;
    const { journal, gauges, config } = this.#engine;
    this.#deadline?.cancel();
    this.#endsEarly?.cancel();
    this.#state = "up";
    this.#server = header(frame, "server-id");
    this.#connectedMs = atMs;
    gauges.connected += 1;
    journal.connection({
      what: "connected",
      atMs,
      ...this.#who(),
      ...(this.#server === undefined ? {} : { server: this.#server }),
    });
    journal.measure("connect", this.client.role, this.#dueMs, atMs - this.#dueMs);
    this.#startBeats(header(frame, "heart-beat"));
    if (config.reference) this.#frame("SUBSCRIBE", { id: "reply", destination: REPLY });
    this.#onConnected();
    this.#onConnected = nothing;
  }

  /** The server closes after it (STOMP 1.2), so it is only noted. */
  #errorFrame(frame: LazyFrame, atMs: number): void {
    this.#engine.journal.count("errorFrames");
    this.#error = `ERROR: ${header(frame, "message") ?? body(frame).slice(0, TEXT_SHOWN)}`;
    const slot = slotOf(header(frame, "receipt-id"));
    if (slot !== undefined) this.#outcome(slot, atMs, "r");
  }

  #send({ slot, intendedMs, text }: Outgoing, destination: string): void {
    const { journal } = this.#engine;
    const sentMs = this.#engine.nowMs();
    this.#write(text);
    journal.sent([this.client.number, slot, destination, intendedMs, sentMs]);
    journal.measure("lateness", this.client.role, intendedMs, sentMs - intendedMs);
  }

  #frame(command: string, headers: Headers, body = ""): void {
    this.#write(encode(frame(command, headers, body)));
  }

  #write(text: string): void {
    this.#lastSentMs = this.#engine.nowMs();
    this.#wire?.send(text);
  }

  #slowDown(): void {
    this.#slowSinceMs ??= this.#engine.nowMs();
    this.#familiar?.slowDown();
  }

  // Heart-beats

  #startBeats(theirs: string | undefined): void {
    const { sendEveryMs, expectEveryMs } = agreeBeat(
      this.#beatOffered,
      parseHeartBeat(theirs) ?? { sendsMs: 0, wantsMs: 0 },
    );
    if (sendEveryMs > 0) this.#beat(sendEveryMs);
    if (expectEveryMs > 0) this.#watch(expectEveryMs * BEATS_MISSED, this.#lastHeardMs);
  }

  /** Anything that was sent is as good as a heart-beat. */
  #beat(everyMs: number): void {
    this.#at(this.#lastSentMs + everyMs, () => {
      if (this.#engine.nowMs() - this.#lastSentMs >= everyMs) {
        this.#write(EOL);
        this.#engine.journal.count("heartbeatsOut");
      }
      this.#beat(everyMs);
    });
  }

  /**
   * A silent peer is given up. After a stall of our own its bytes may be waiting behind this very task, so the
   * sentence is passed only when a second look finds nothing either.
   */
  #watch(silentMaxMs: number, heardMs: number): void {
    const dueMs = heardMs + silentMaxMs;
    this.#at(dueMs, () => {
      if (!this.#readsFreely) return this.#watch(silentMaxMs, this.#engine.nowMs());
      if (this.#lastHeardMs > heardMs) return this.#watch(silentMaxMs, this.#lastHeardMs);
      this.#at(this.#engine.nowMs() + SECOND_LOOK_MS, () => {
        if (!this.#readsFreely) return this.#watch(silentMaxMs, this.#engine.nowMs());
        if (this.#lastHeardMs > heardMs) return this.#watch(silentMaxMs, this.#lastHeardMs);
        this.giveUp(`no heart-beat for ${Math.round(this.#engine.nowMs() - heardMs)} ms`);
      });
    });
  }

  // Ends

  #end(code: number | null, reason: string, by: "self" | "peer" | "unknown"): void {
    if (this.#state === "over") return;
    const { journal, gauges } = this.#engine;
    const was = this.#state;
    const atMs = this.#engine.nowMs();
    this.#state = "over";
    this.#endedMs = atMs;
    this.#wire = undefined;
    for (const pending of this.#pending) pending.cancel();
    if (was === "new") {
      // Never dialled: there is nothing to tell.
    } else if (this.#connectedMs === undefined) {
      journal.connection({ what: "failed", atMs, ...this.#who(), reason: reason || describe(code) });
    } else {
      gauges.connected -= 1;
      if (this.#confirmed > 0) gauges.subscribed -= 1;
      journal.connection({
        what: "closed",
        atMs,
        ...this.#who(),
        ...(this.#server === undefined ? {} : { server: this.#server }),
        code,
        reason,
        by: was === "leaving" ? "self" : by,
        silentMs: Math.max(0, Math.round(atMs - (this.#slowSinceMs ?? this.#lastHeardMs))),
      });
    }
    for (const subscription of this.#subscriptions) journal.subscriptionEnded(subscription);
    if (was === "leaving") this.#onClosed();
    const lost = new Lost(reason || describe(code));
    for (const reject of [...this.#waiting]) reject(lost);
    this.#waiting.clear();
  }

  // Waiting

  /** A call that resolves by itself or rejects when the connection is gone. */
  #wait(begin: (resolve: () => void) => void): Promise<void> {
    if (this.#state === "over") return rejected(new Lost("the connection is gone"));
    const promise = new Promise<void>((resolve, reject) => {
      this.#waiting.add(reject);
      begin(() => {
        this.#waiting.delete(reject);
        resolve();
      });
    });
    return handled(promise);
  }

  #receipt(id: string, ask: () => void, got: () => void): Promise<void> {
    return this.#wait((resolve) => {
      const late = this.#at(this.#engine.nowMs() + RECEIPT_MS, () => this.giveUp(`no RECEIPT for ${id}`));
      this.#receipts.set(id, () => {
        late.cancel();
        got();
        resolve();
      });
      ask();
    });
  }

  /** The one deadline of the present state; a new one replaces it. */
  #within(ms: number, otherwise: string): void {
    this.#deadline?.cancel();
    this.#deadline = this.#at(this.#engine.nowMs() + ms, () =>
      this.giveUp(`${otherwise} within ${ms / 1_000} s`),
    );
  }

  /** A timer that dies with the connection. */
  #at(atMs: number, task: () => void): Pending {
    return this.#engine.at(atMs, task, this.#pending);
  }

  #who(): { client: number; attempt: number; endpoint: number } {
    return { client: this.client.number, attempt: this.attempt, endpoint: this.#endpoint };
  }
}

function nothing(): void {}

const SECOND_LOOK_MS = 500;
/** A message on a subscription that this connection never asked for. */
const NO_SUBSCRIPTION = -1;

interface Destination {
  readonly name: string;
  readonly line: string;
}

/**
 * The destination that a MESSAGE names, if that is another one than its subscription's; `line` is what it would have
 * (one search, nothing cut out: this is the hot path). Undefined where it is the same or none.
 */
function elsewhere(frame: LazyFrame, line: string): string | undefined {
  const at = frame.text.indexOf(line, frame.headersAt);
  const end = frame.text.charCodeAt(at + line.length);
  if (at >= 0 && at < frame.headersEnd && (end === LF || end === CR)) return undefined;
  const own = line.slice("\ndestination:".length);
  const named = header(frame, "destination");
  return named === own ? undefined : named;
}

const LF = 10;
const CR = 13;

/** `m17` is the receipt of slot 17. */
function slotOf(receiptId: string | undefined): number | undefined {
  if (!receiptId?.startsWith("m")) return undefined;
  const slot = Number(receiptId.slice(1));
  return Number.isInteger(slot) ? slot : undefined;
}

function describe(code: number | null): string {
  return code === null ? "closed without a close frame" : `closed with ${code}`;
}

/** k6 has no URL. */
function hostOf(url: string): string {
  return url.replace(/^wss?:\/\//, "").replace(/[:/].*$/, "");
}

/** In k6 a rejection that nobody handles ends every client of the VU, so ours are always handled once. */
function handled(promise: Promise<void>): Promise<void> {
  promise.catch(nothing);
  return promise;
}

function rejected(error: Error): Promise<void> {
  return handled(Promise.reject(error));
}
