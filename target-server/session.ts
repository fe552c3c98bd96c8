import { randomUUID } from "node:crypto";
import { AckedSubscriber } from "./acked-subscriber.ts";
import { type AckMode, ackId, type Delivery, isAckMode, Unacknowledged } from "./acknowledgement.ts";
import type { SendOutcome, SendRequest } from "./app/application.ts";
import type { Authenticate, Identity } from "./auth.ts";
import { type Broker, frameFor, type Outgoing, type Subscriber } from "./broker.ts";
import { type CloseCode, closeCodes, reasonCodes } from "./close-codes.ts";
import type { EvictionLimits } from "./config.ts";
import { type Enter, LAST_SEEN, readSequence } from "./delivery/entering.ts";
import {
  parseSubscribable,
  REPLY_QUEUE,
  roomTopic,
  type Subscribable,
  sessionQueue,
} from "./destinations.ts";
import type { Excess } from "./limit-policies.ts";
import { type Log, reasonOf } from "./log.ts";
import { messageId } from "./message.ts";
import type { Metrics } from "./metrics.ts";
import type { OrderingMode } from "./ordering/ordering.ts";
import type { Policies } from "./policies.ts";
import { SendAllowance } from "./send-allowance.ts";
import type { SessionIdentity } from "./session-identity.ts";
import type { Decoded, Malformed } from "./stomp/decode.ts";
import { type Frame, frame, type Headers, negotiateVersion, type Version, versions } from "./stomp/frame.ts";
import { type AgreedBeat, agreeBeat, type HeartBeat, parseHeartBeat } from "./stomp/heart-beat.ts";

/** What a session can do to its client. */
export interface Transport extends Subscriber {
  /** From here on frames of this version, in both directions. */
  speak(version: Version): void;
  send(frame: Frame): void;
  /** Calls back once everything sent until now is in the socket. */
  onceSent(next: () => void): void;
  /** Calls back once the peer has shown that it took everything sent until now. */
  onceTaken(next: () => void): void;
  /** Closes after everything sent before, at the earliest in `graceMs`. */
  close(code: CloseCode, reason: string, graceMs?: number): void;
}

export interface SessionServices {
  readonly serverId: string;
  readonly policies: Policies;
  readonly broker: Broker;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly authenticate: Authenticate;
  readonly identity: SessionIdentity;
  /** What the server offers and wants. */
  readonly beat: HeartBeat;
  /** What a reader of a room may sort by (A105). */
  readonly ordering: OrderingMode;
  readonly subscriptionsMax: number;
  /** For what a client was sent and has not acknowledged. */
  readonly unacknowledgedMax: EvictionLimits;
  /** What a subscription needs before it is live: replay, buffers, presence. */
  readonly enter: Enter;
  /** Routes a SEND to its application. */
  apply(request: SendRequest): Promise<SendOutcome>;
}

interface Subscription {
  readonly destination: string;
  /** The destination as the broker knows it. */
  readonly topic: string;
  /** Where its messages go: to the client, or by way of what waits for acknowledgement. */
  readonly subscriber: Subscriber;
  readonly acked: boolean;
  readonly wanted: Subscribable;
  /** Ends its replay, buffer and presence. */
  leave: () => void;
}

/** What the client must not do costs it the connection: ERROR, then close. */
interface Refusal {
  readonly why: string;
  readonly code: CloseCode;
}

/** A SUBSCRIBE that is sound in itself. */
interface Wish {
  readonly id: string;
  readonly destination: string;
  readonly ack: "auto" | AckMode;
  readonly wanted: Subscribable;
  readonly lastSeen: number | undefined;
}

const NOT_ALLOWED_HERE: Refusal = { why: "not allowed to subscribe here", code: closeCodes.policy };
/** After its RECEIPT a leaving client closes by itself; one that does not is closed. */
const LEAVE_GRACE_MS = 1_000;
/** Frames that a client may pipeline behind CONNECT before it knows that it is let in. */
const EARLY_FRAMES_MAX = 16;

/**
 * One STOMP session: frames in, frames out, no socket. Whatever arrives gets an answer by the protocol; nothing
 * makes it throw.
 */
export class Session {
  readonly id = randomUUID();
  readonly #services: SessionServices;
  readonly #transport: Transport;
  readonly #subscriptions = new Map<string, Subscription>();
  /** By subscription id: SUBSCRIBEs whose user is still being looked up among the room's members. */
  readonly #asking = new Map<string, Frame>();
  readonly #unanswered = new Set<Promise<void>>();
  readonly #unacknowledged = new Unacknowledged();
  #state: "new" | "authenticating" | "open" | "leaving" | "ended" = "new";
  #early: Frame[] = [];
  #version: Version = "1.2";
  /** Shown at the handshake; undefined where only the CONNECT shows it. */
  readonly #shown: Identity | undefined;
  readonly #allowance: SendAllowance;
  #identity: Identity = { user: "", expiresAtMs: 0 };
  /** When the session ends because its token has run out; some time after that (A26). */
  #endsAtMs = Number.POSITIVE_INFINITY;
  #agreed: AgreedBeat = { sendEveryMs: 0, expectEveryMs: 0 };

  constructor(transport: Transport, services: SessionServices, shown?: Identity) {
    this.#transport = transport;
    this.#services = services;
    this.#shown = shown;
    this.#allowance = new SendAllowance(services.identity.sendLimits);
  }

  /** True once CONNECT was answered by CONNECTED. */
  get connected(): boolean {
    return this.#state === "open" || this.#state === "leaving";
  }

  get beat(): AgreedBeat {
    return this.#agreed;
  }

  get user(): string {
    return this.#identity.user;
  }

  get identity(): Identity {
    return this.#identity;
  }

  get tokenId(): string | undefined {
    return this.#identity.tokenId;
  }

  receive(decoded: Decoded): void {
    if (this.#state === "ended" || this.#state === "leaving" || decoded.kind === "heartbeat") return;
    if (decoded.kind === "malformed") {
      this.#services.metrics.connectionErrors.inc({ stage: "protocol" });
      this.#fail(`malformed frame: ${decoded.reason}`, closeCodeFor(decoded.reason));
      return;
    }
    if (this.#state === "authenticating") this.#holdEarly(decoded.frame);
    else this.#dispatch(decoded.frame);
  }

  /** A binary WebSocket message came (A62). */
  isNotText(): void {
    this.#services.metrics.connectionErrors.inc({ stage: "protocol" });
    this.#fail("binary messages are not supported", closeCodes.unsupportedData);
  }

  /** The client did not CONNECT in time (A57). */
  connectIsLate(): void {
    this.#services.metrics.connectionErrors.inc({ stage: "connect" });
    this.#fail("no CONNECT in time", closeCodes.policy);
  }

  /** The token has run out, and the client has not refreshed it: also one that only listens ends (A26, B144). */
  endIfExpired(nowMs: number): void {
    if (this.#state === "open" && nowMs >= this.#endsAtMs) this.#refuseIdentity("session", "expired");
  }

  /** Its user or its token is banned (A27). */
  revoked(): void {
    this.#refuseIdentity("session", "banned");
  }

  /** The client has a newer token (A25). */
  renew(expiresAtMs: number): void {
    this.#identity = { ...this.#identity, expiresAtMs };
    const { policies, identity } = this.#services;
    this.#endsAtMs = expiresAtMs + policies.closeAfterExpiryMs(identity.tokenGraceMs, Math.random());
  }

  /** On one of its own user queues; nothing where it has no subscription to it. */
  tell(queue: string, headers: Headers, body: string): void {
    const { broker, metrics } = this.#services;
    const all = { destination: queue, ...headers, "content-type": "application/json" };
    metrics.sent.inc(broker.deliver(sessionQueue(queue, this.id), { headers: all, body }));
  }

  /** Every SEND received until now has its answer. */
  async answered(): Promise<void> {
    await Promise.all(this.#unanswered);
  }

  /** The one way out, however the connection ended. Calling it again changes nothing (A58). */
  end(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#services.identity.leave(this);
    this.#asking.clear();
    this.#early = [];
    const subscriptions = [...this.#subscriptions];
    this.#subscriptions.clear();
    for (const [id, { topic, subscriber, acked, leave }] of subscriptions) {
      this.#services.broker.unsubscribe(topic, this.#version, id, subscriber, acked);
      leave();
    }
    this.#unacknowledged.clear();
  }

  #dispatch(received: Frame): void {
    const { command, body } = received;
    this.#services.log.debug("frame", { session: this.id, user: this.user, command, chars: body.length });
    if (!this.#services.policies.mayPass(command, this.#state !== "new")) {
      this.#services.metrics.connectionErrors.inc({ stage: "connect" });
      this.#fail("the first frame must be CONNECT", closeCodes.policy, received);
      return;
    }
    const refusal = this.#handle(received);
    if (refusal !== undefined) this.#fail(refusal.why, refusal.code, received);
  }

  #handle(received: Frame): Refusal | undefined {
    // A SEND that is stored at once although its transaction never was begun would be a broken promise (I88).
    if (received.headers.transaction !== undefined) {
      return { why: "transactions are not supported", code: closeCodes.protocolError };
    }
    switch (received.command) {
      case "CONNECT":
      case "STOMP":
        if (this.#state !== "new") return { why: "already connected", code: closeCodes.protocolError };
        void this.#connect(received);
        return undefined;
      case "SUBSCRIBE":
        return this.#subscribe(received);
      case "UNSUBSCRIBE":
        return this.#unsubscribe(received);
      case "SEND":
        return this.#send(received);
      case "DISCONNECT":
        void this.#disconnect(received);
        return undefined;
      case "ACK":
      case "NACK":
        return this.#settle(received);
      case "BEGIN":
      case "COMMIT":
      case "ABORT":
        return { why: "transactions are not supported", code: closeCodes.protocolError };
      default:
        return { why: "unknown command", code: closeCodes.protocolError };
    }
  }

  async #connect(connect: Frame): Promise<void> {
    const { policies, authenticate, identity, beat, ordering, metrics, serverId, log } = this.#services;
    const version = negotiateVersion(connect.headers["accept-version"]);
    const theirs = parseHeartBeat(connect.headers["heart-beat"]);
    if (version === undefined || theirs === undefined) {
      metrics.connectionErrors.inc({ stage: "connect" });
      this.#fail(
        version ? "malformed heart-beat" : "supported versions are 1.2,1.1,1.0",
        closeCodes.protocolError,
      );
      return;
    }
    this.#state = "authenticating";
    const { Authorization, authorization = Authorization } = connect.headers;
    const who = await policies.identify({ handshake: this.#shown, authorization }, authenticate);
    if (this.#state !== "authenticating") return;
    if (who.how === "refused") {
      metrics.connectionErrors.inc({ stage: "connect" });
      this.#refuseIdentity("connect", who.reason);
      return;
    }
    this.#identity = who;
    const mayEnter = await identity.enter(this);
    if (this.#state !== "authenticating") {
      identity.leave(this);
      return;
    }
    if (!mayEnter) {
      metrics.connectionErrors.inc({ stage: "connect" });
      log.warn("too many sessions", { session: this.id, user: who.user });
      this.#fail("too many sessions of this user", closeCodes.policy);
      return;
    }
    const notGood = this.#whyNotGood();
    if (notGood !== undefined) {
      metrics.connectionErrors.inc({ stage: "connect" });
      this.#refuseIdentity("connect", notGood);
      return;
    }
    this.#state = "open";
    this.renew(who.expiresAtMs);
    this.#version = version;
    this.#agreed = agreeBeat(beat, theirs);
    this.#transport.speak(version);
    if (policies.isReconnection(connect.headers["connect-attempt"])) metrics.reconnections.inc();
    log.debug("session opened", { session: this.id, user: this.user });
    this.#transport.send(
      frame("CONNECTED", {
        version,
        "heart-beat": `${beat.sendsMs},${beat.wantsMs}`,
        session: this.id,
        server: "seaworthy-target",
        "server-id": serverId,
        "user-name": this.user,
        ordering,
      }),
    );
    const early = this.#early;
    this.#early = [];
    for (const held of early) this.receive({ kind: "frame", frame: held });
  }

  #holdEarly(received: Frame): void {
    if (this.#early.push(received) > EARLY_FRAMES_MAX) {
      this.#fail("too many frames before CONNECTED", closeCodes.policy);
    }
  }

  #subscribe(received: Frame): Refusal | undefined {
    const { policies, identity, subscriptionsMax } = this.#services;
    const { destination, ack = "auto" } = received.headers;
    // In 1.0 the id is optional; the destination then names the subscription.
    const id = received.headers.id ?? (this.#version === "1.0" ? destination : undefined);
    if (destination === undefined || id === undefined) {
      return { why: "SUBSCRIBE needs destination and id", code: closeCodes.protocolError };
    }
    if (ack !== "auto" && !isAckMode(ack)) {
      return { why: "ack must be auto, client or client-individual", code: closeCodes.protocolError };
    }
    if (this.#subscriptions.has(id) || this.#asking.has(id)) {
      return { why: "this subscription id is in use", code: closeCodes.protocolError };
    }
    if (this.#subscriptions.size + this.#asking.size >= subscriptionsMax) {
      return { why: `more than ${subscriptionsMax} subscriptions`, code: closeCodes.policy };
    }
    const lastSeen = readSequence(received.headers[LAST_SEEN]);
    if (lastSeen === "invalid") {
      return { why: `${LAST_SEEN} must be a whole number`, code: closeCodes.protocolError };
    }
    const wanted = parseSubscribable(destination);
    if (wanted === undefined) return { why: "unknown destination", code: closeCodes.policy };
    if (wanted.kind === "tier" && !this.#mayHearTier(wanted.tier)) return NOT_ALLOWED_HERE;
    const open = () => this.#open(received, { id, destination, ack, wanted, lastSeen });
    const may = policies.maySubscribe(this.user, wanted, identity.membership);
    if (may instanceof Promise) void this.#openIfAllowed(may, id, received, open);
    else if (may) open();
    else return NOT_ALLOWED_HERE;
    return undefined;
  }

  #mayHearTier(tier: string): boolean {
    const { policies, identity } = this.#services;
    const claimed = identity.tierAccess === "open" ? undefined : (this.#identity.tiers ?? []);
    return policies.mayHearTier(tier, claimed);
  }

  /** Who belongs to the room has to be looked up; until then the subscription is only wished for. */
  async #openIfAllowed(may: Promise<boolean>, id: string, received: Frame, open: () => void): Promise<void> {
    this.#asking.set(id, received);
    const answer = await may.catch(() => "unknown" as const);
    if (this.#asking.get(id) !== received) return;
    this.#asking.delete(id);
    if (this.#state !== "open") return;
    if (answer === true) open();
    else if (answer === false) this.#fail(NOT_ALLOWED_HERE.why, NOT_ALLOWED_HERE.code, received);
    else this.#fail("who belongs to this room cannot be looked up now", closeCodes.overload, received);
  }

  #open(received: Frame, wish: Wish): void {
    const { id, destination, ack, wanted, lastSeen } = wish;
    const topic = wanted.kind === "user-queue" ? sessionQueue(destination, this.id) : destination;
    const acked = ack !== "auto";
    const subscriber = acked
      ? new AckedSubscriber(this.#transport, id, ack, this.#unacknowledged, () => this.#awaitsFewAcks())
      : this.#transport;
    const subscription = { destination, topic, subscriber, acked, wanted, leave: () => {} };
    this.#subscriptions.set(id, subscription);
    this.#services.log.debug("subscribed", { session: this.id, user: this.user, destination, lastSeen });
    this.#enter(id, subscription, lastSeen, () => this.#receipt(received));
  }

  #enter(id: string, subscription: Subscription, lastSeen: number | undefined, done: () => void): void {
    const { topic, subscriber, acked, wanted } = subscription;
    const version = this.#version;
    const isOpen = () => this.#subscriptions.get(id) === subscription;
    const audience = { version, subscriptionId: id, acked };
    subscription.leave = this.#services.enter({
      user: this.user,
      sessionId: this.id,
      wanted,
      lastSeen,
      isOpen,
      send: (outgoing) => subscriber.deliver(frameFor(audience, outgoing), outgoing),
      onceSent: (next) => this.#transport.onceSent(next),
      onceTaken: (next) => this.#transport.onceTaken(next),
      goLive: () => {
        if (isOpen()) this.#services.broker.subscribe(topic, version, id, subscriber, acked);
      },
      done,
    });
    // A replay can end the session at once, when the client takes too little of it.
    if (!isOpen()) subscription.leave();
  }

  /** Replays a room to the subscription that is open already. False where there is none (A107). */
  resume(room: string, lastSeen: number): Promise<boolean> {
    for (const [id, subscription] of this.#subscriptions) {
      if (subscription.topic !== roomTopic(room)) continue;
      const { topic, subscriber, acked, leave } = subscription;
      this.#services.broker.unsubscribe(topic, this.#version, id, subscriber, acked);
      return new Promise((resolve) => {
        this.#enter(id, subscription, lastSeen, () => resolve(true));
        leave();
        // Whoever goes meanwhile waits for nothing.
        const enough = subscription.leave;
        subscription.leave = () => {
          enough();
          resolve(true);
        };
        if (this.#subscriptions.get(id) !== subscription) resolve(true);
      });
    }
    return Promise.resolve(false);
  }

  #unsubscribe(received: Frame): Refusal | undefined {
    const id = received.headers.id ?? (this.#version === "1.0" ? received.headers.destination : undefined);
    if (id !== undefined && this.#asking.delete(id)) {
      this.#receipt(received);
      return undefined;
    }
    const subscription = id === undefined ? undefined : this.#subscriptions.get(id);
    if (id === undefined || subscription === undefined) {
      return { why: "no such subscription", code: closeCodes.protocolError };
    }
    this.#subscriptions.delete(id);
    const { topic, subscriber, acked } = subscription;
    this.#services.broker.unsubscribe(topic, this.#version, id, subscriber, acked);
    subscription.leave();
    this.#unacknowledged.forget(id);
    this.#receipt(received);
    return undefined;
  }

  /** ACK ends the wait for a message; NACK too, or brings it once more, as the policy says. */
  #settle(received: Frame): Refusal | undefined {
    const { command, headers } = received;
    if (command === "NACK" && this.#version === "1.0") {
      return { why: "STOMP 1.0 has no NACK", code: closeCodes.protocolError };
    }
    const settled = this.#unacknowledged.settle(headers, this.#version);
    if (settled === undefined) {
      return { why: "no such message waits to be acknowledged", code: closeCodes.protocolError };
    }
    if (command === "NACK") for (const delivery of settled) this.#refusedByClient(delivery);
    this.#receipt(received);
    return undefined;
  }

  #refusedByClient(delivery: Delivery): void {
    const { policies, metrics, log } = this.#services;
    const { outgoing, subscriptionId, times } = delivery;
    const next = policies.afterNack(times);
    metrics.nacks.inc({ next });
    if (next === "drop") {
      // The dead letter: the message itself stays in the store and the replay.
      log.warn("a message was refused for good", {
        session: this.id,
        user: this.user,
        messageId: outgoing.headers["message-id"],
        destination: outgoing.headers.destination,
      });
      return;
    }
    this.#unacknowledged.add({ ...delivery, times: times + 1 });
    const ack = this.#version === "1.2" ? { ack: ackId(subscriptionId, outgoing) } : {};
    const again = { ...outgoing.headers, subscription: subscriptionId, ...ack, redelivered: "true" };
    this.#transport.send(frame("MESSAGE", again, outgoing.body));
    metrics.sent.inc();
  }

  /** A client that is sent much and acknowledges nothing is as slow as one that does not read (A65). */
  #awaitsFewAcks(): boolean {
    const { policies, metrics, unacknowledgedMax } = this.#services;
    const { depth, bytes } = this.#unacknowledged;
    if (policies.evict({ depth, bytes, ageMs: 0 }, unacknowledgedMax) === undefined) return true;
    metrics.evictions.inc({ reason: "unacknowledged" });
    this.#fail("too many unacknowledged messages", closeCodes.overload);
    return false;
  }

  /** Answered when its application is done; the session goes on meanwhile (A80). */
  #send(received: Frame): Refusal | undefined {
    const { metrics } = this.#services;
    metrics.received.inc();
    metrics.messageBytes.observe(received.body.length);
    const notGood = this.#whyNotGood();
    if (notGood !== undefined) {
      this.#refuseIdentity("send", notGood, received);
      return undefined;
    }
    const answer = this.#answerSend(received);
    this.#unanswered.add(answer);
    void answer.finally(() => this.#unanswered.delete(answer));
    return undefined;
  }

  async #answerSend(received: Frame): Promise<void> {
    const { headers, body } = received;
    let outcome: SendOutcome;
    try {
      const excess = this.#allowance.spend(this.user, headers.destination ?? "");
      const over = excess instanceof Promise ? await excess : excess;
      if (over !== undefined) return this.#sentTooMuch(received, over);
      outcome = await this.#services.apply({ user: this.user, headers, body, session: this });
    } catch (error) {
      // A bug, and no reason to take the instance down: this client is told, the log has the rest.
      this.#services.log.error("a SEND failed unexpectedly", { session: this.id, reason: reasonOf(error) });
      this.#fail("internal error", closeCodes.bug, received);
      return;
    }
    if (outcome.how === "accepted") this.#receipt(received);
    else if (outcome.how === "forbidden") this.#fail(outcome.reason, closeCodes.policy, received);
    else this.#reply(received, outcome.how, outcome.reason, outcome.retryAfterMs);
  }

  /** A slip costs the message; who goes on and on costs others (A70, I75). */
  #sentTooMuch(received: Frame, { scope, limit, retryAfterMs }: Excess): void {
    const { metrics, log } = this.#services;
    metrics.rateLimited.inc({ scope });
    const reason = `more than ${limit} per ${scope}`;
    if (this.#allowance.afterExcess() === "tell") {
      this.#reply(received, "rejected", reason, retryAfterMs);
      return;
    }
    log.warn("sent too much for too long", { session: this.id, user: this.user, scope });
    this.#fail(reason, closeCodes.policy, received);
  }

  /** Undefined: its identity is as good as when it connected (A24). */
  #whyNotGood(): "expired" | "banned" | undefined {
    const { policies, identity } = this.#services;
    const { user, expiresAtMs, tokenId } = this.#identity;
    const revoked = identity.isRevoked(user, tokenId);
    if (policies.tokenIsGood(expiresAtMs, Date.now(), revoked)) return undefined;
    return revoked ? "banned" : "expired";
  }

  /** A problem with one message is said on the reply queue: ERROR would cost the connection (A40, A48). */
  #reply(received: Frame, outcome: "rejected" | "unknown", reason: string, retryAfterMs?: number): void {
    const { receipt, "client-message-id": clientMessageId } = received.headers;
    const outgoing: Outgoing = {
      headers: {
        destination: REPLY_QUEUE,
        "message-id": messageId(),
        "server-id": this.#services.serverId,
        ...(receipt === undefined ? {} : { "receipt-id": receipt }),
        outcome,
        message: reason,
        ...(retryAfterMs === undefined ? {} : { "retry-after-ms": String(retryAfterMs) }),
        "content-type": "application/json",
      },
      body: JSON.stringify({
        type: "send-failed",
        outcome,
        reason,
        clientMessageId: clientMessageId ?? null,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      }),
    };
    const { broker, metrics } = this.#services;
    metrics.sent.inc(broker.deliver(sessionQueue(REPLY_QUEUE, this.id), outgoing));
  }

  async #disconnect(received: Frame): Promise<void> {
    this.#state = "leaving";
    await this.answered();
    if (this.#state !== "leaving") return;
    this.#receipt(received);
    this.#transport.close(closeCodes.normal, "disconnected", LEAVE_GRACE_MS);
    this.end();
  }

  #receipt(received: Frame): void {
    const { receipt } = received.headers;
    if (receipt === undefined || this.#state === "ended") return;
    this.#transport.send(frame("RECEIPT", { "receipt-id": receipt }));
  }

  #refuseIdentity(stage: "connect" | "send" | "session", reason: string, received?: Frame): void {
    if (this.#state === "ended") return;
    this.#services.metrics.authFailures.inc({ stage, reason });
    this.#services.log.warn("identity refused", { session: this.id, stage, reason });
    this.#fail(`authentication failed: ${reason}`, closeCodes.policy, received);
  }

  /** ERROR, then close, as STOMP requires. */
  #fail(message: string, code: CloseCode, received?: Frame): void {
    if (this.#state === "ended") return;
    const receipt = received?.headers.receipt;
    this.#transport.send(
      frame("ERROR", {
        message,
        "reason-code": reasonCodes[code],
        "server-id": this.#services.serverId,
        // What it could have asked for instead (STOMP 1.2, "Protocol Negotiation").
        ...(this.connected ? {} : { version: versions.join(",") }),
        ...(receipt === undefined ? {} : { "receipt-id": receipt }),
      }),
    );
    this.#transport.close(code, message);
    this.end();
  }
}

function closeCodeFor(reason: Malformed): CloseCode {
  if (reason === "frame-too-large") return closeCodes.tooBig;
  return reason === "invalid-utf8" ? closeCodes.invalidData : closeCodes.protocolError;
}
