import { randomUUID } from "node:crypto";
import type { SendOutcome, SendRequest } from "./app/application.ts";
import type { Authenticate } from "./auth.ts";
import type { Broker, Outgoing, Subscriber } from "./broker.ts";
import { type CloseCode, closeCodes } from "./close-codes.ts";
import { parseSubscribable, REPLY_QUEUE, sessionQueue } from "./destinations.ts";
import { type Log, reasonOf } from "./log.ts";
import { messageId } from "./message.ts";
import type { Metrics } from "./metrics.ts";
import type { Policies } from "./policies.ts";
import type { Decoded, Malformed } from "./stomp/decode.ts";
import { type Frame, frame, negotiateVersion, type Version } from "./stomp/frame.ts";
import { type AgreedBeat, agreeBeat, type HeartBeat, parseHeartBeat } from "./stomp/heart-beat.ts";

/** What a session can do to its client. */
export interface Transport extends Subscriber {
  /** From here on frames of this version, in both directions. */
  speak(version: Version): void;
  send(frame: Frame): void;
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
  /** What the server offers and wants. */
  readonly beat: HeartBeat;
  readonly subscriptionsMax: number;
  /** Routes a SEND to its application. */
  apply(request: SendRequest): Promise<SendOutcome>;
}

interface Subscription {
  readonly destination: string;
  /** The destination as the broker knows it. */
  readonly topic: string;
}

/** What the client must not do costs it the connection: ERROR, then close. */
interface Refusal {
  readonly why: string;
  readonly code: CloseCode;
}

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
  readonly #unanswered = new Set<Promise<void>>();
  #state: "new" | "authenticating" | "open" | "leaving" | "ended" = "new";
  #early: Frame[] = [];
  #version: Version = "1.2";
  #user = "";
  #expiresAtMs = 0;
  #agreed: AgreedBeat = { sendEveryMs: 0, expectEveryMs: 0 };

  constructor(transport: Transport, services: SessionServices) {
    this.#transport = transport;
    this.#services = services;
  }

  /** True once CONNECT was answered by CONNECTED. */
  get connected(): boolean {
    return this.#state === "open" || this.#state === "leaving";
  }

  get beat(): AgreedBeat {
    return this.#agreed;
  }

  get user(): string {
    return this.#user;
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

  /** The client did not CONNECT in time (A57). */
  connectIsLate(): void {
    this.#services.metrics.connectionErrors.inc({ stage: "connect" });
    this.#fail("no CONNECT in time", closeCodes.policy);
  }

  /** Every SEND received until now has its answer. */
  async answered(): Promise<void> {
    await Promise.all(this.#unanswered);
  }

  /** The one way out, however the connection ended. Calling it again changes nothing (A58). */
  end(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#early = [];
    for (const [id, { topic }] of this.#subscriptions) {
      this.#services.broker.unsubscribe(topic, this.#version, id, this.#transport);
    }
    this.#subscriptions.clear();
  }

  #dispatch(received: Frame): void {
    const isConnect = received.command === "CONNECT" || received.command === "STOMP";
    if (this.#state === "new" && !isConnect) {
      this.#services.metrics.connectionErrors.inc({ stage: "connect" });
      this.#fail("the first frame must be CONNECT", closeCodes.policy, received);
      return;
    }
    const refusal = this.#handle(received);
    if (refusal !== undefined) this.#fail(refusal.why, refusal.code, received);
  }

  #handle(received: Frame): Refusal | undefined {
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
        return { why: "subscriptions here are acknowledged automatically", code: closeCodes.protocolError };
      case "BEGIN":
      case "COMMIT":
      case "ABORT":
        return { why: "transactions are not supported", code: closeCodes.protocolError };
      default:
        return { why: "unknown command", code: closeCodes.protocolError };
    }
  }

  async #connect(connect: Frame): Promise<void> {
    const { policies, authenticate, beat, metrics, serverId, log } = this.#services;
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
    const who = await authenticate(authorization);
    if (this.#state !== "authenticating") return;
    if (who.how === "refused" || !policies.tokenIsGood(who.expiresAtMs, Date.now())) {
      const reason = who.how === "refused" ? who.reason : "expired";
      metrics.connectionErrors.inc({ stage: "connect" });
      this.#refuseIdentity("connect", reason);
      return;
    }
    this.#state = "open";
    this.#user = who.user;
    this.#expiresAtMs = who.expiresAtMs;
    this.#version = version;
    this.#agreed = agreeBeat(beat, theirs);
    this.#transport.speak(version);
    if (Number(connect.headers["connect-attempt"] ?? 0) > 0) metrics.reconnections.inc();
    log.debug("session opened", { session: this.id, user: this.#user });
    this.#transport.send(
      frame("CONNECTED", {
        version,
        "heart-beat": `${beat.sendsMs},${beat.wantsMs}`,
        session: this.id,
        server: "seaworthy-target",
        "server-id": serverId,
        "user-name": this.#user,
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
    const { policies, broker, subscriptionsMax } = this.#services;
    const { destination, ack = "auto" } = received.headers;
    // In 1.0 the id is optional; the destination then names the subscription.
    const id = received.headers.id ?? (this.#version === "1.0" ? destination : undefined);
    if (destination === undefined || id === undefined) {
      return { why: "SUBSCRIBE needs destination and id", code: closeCodes.protocolError };
    }
    if (ack !== "auto") return { why: "only ack:auto is supported", code: closeCodes.protocolError };
    if (this.#subscriptions.has(id)) {
      return { why: "this subscription id is in use", code: closeCodes.protocolError };
    }
    if (this.#subscriptions.size >= subscriptionsMax) {
      return { why: `more than ${subscriptionsMax} subscriptions`, code: closeCodes.policy };
    }
    const wanted = parseSubscribable(destination);
    if (wanted === undefined) return { why: "unknown destination", code: closeCodes.policy };
    if (!policies.maySubscribe(this.#user, wanted)) {
      return { why: "not allowed to subscribe here", code: closeCodes.policy };
    }
    const topic = wanted.kind === "user-queue" ? sessionQueue(destination, this.id) : destination;
    this.#subscriptions.set(id, { destination, topic });
    broker.subscribe(topic, this.#version, id, this.#transport);
    this.#receipt(received);
    return undefined;
  }

  #unsubscribe(received: Frame): Refusal | undefined {
    const id = received.headers.id ?? (this.#version === "1.0" ? received.headers.destination : undefined);
    const subscription = id === undefined ? undefined : this.#subscriptions.get(id);
    if (id === undefined || subscription === undefined) {
      return { why: "no such subscription", code: closeCodes.protocolError };
    }
    this.#subscriptions.delete(id);
    this.#services.broker.unsubscribe(subscription.topic, this.#version, id, this.#transport);
    this.#receipt(received);
    return undefined;
  }

  /** Answered when its application is done; the session goes on meanwhile (A80). */
  #send(received: Frame): Refusal | undefined {
    const { policies, metrics } = this.#services;
    metrics.received.inc();
    metrics.messageBytes.observe(received.body.length);
    if (!policies.tokenIsGood(this.#expiresAtMs, Date.now())) {
      this.#refuseIdentity("send", "expired", received);
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
      outcome = await this.#services.apply({ user: this.#user, headers, body });
    } catch (error) {
      // A bug, and no reason to take the instance down: this client is told, the log has the rest.
      this.#services.log.error("a SEND failed unexpectedly", { session: this.id, reason: reasonOf(error) });
      this.#fail("internal error", closeCodes.bug, received);
      return;
    }
    if (outcome.how === "accepted") this.#receipt(received);
    else if (outcome.how === "forbidden") this.#fail(outcome.reason, closeCodes.policy, received);
    else this.#reply(received, outcome.how, outcome.reason);
  }

  /** A problem with one message is said on the reply queue: ERROR would cost the connection (A40, A48). */
  #reply(received: Frame, outcome: "rejected" | "unknown", reason: string): void {
    const { receipt, "client-message-id": clientMessageId } = received.headers;
    const outgoing: Outgoing = {
      headers: {
        destination: REPLY_QUEUE,
        "message-id": messageId(),
        "server-id": this.#services.serverId,
        ...(receipt === undefined ? {} : { "receipt-id": receipt }),
        outcome,
        message: reason,
        "content-type": "application/json",
      },
      body: JSON.stringify({
        type: "send-failed",
        outcome,
        reason,
        clientMessageId: clientMessageId ?? null,
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

  #refuseIdentity(stage: "connect" | "send", reason: string, received?: Frame): void {
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
        "server-id": this.#services.serverId,
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
