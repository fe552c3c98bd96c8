import type { RawData } from "ws";
import type { Identity } from "./auth.ts";
import { type CloseCode, closeCodes } from "./close-codes.ts";
import type { EvictionLimits } from "./config.ts";
import { pause } from "./pause.ts";
import type { Waiting } from "./policies.ts";
import { ProofOfReceipt } from "./proof-of-receipt.ts";
import { SendQueue } from "./send-queue.ts";
import { Session, type SessionServices, type Transport } from "./session.ts";
import { Decoder, defaultLimits } from "./stomp/decode.ts";
import { encode } from "./stomp/encode.ts";
import type { Frame, Version } from "./stomp/frame.ts";
import { EOL } from "./stomp/heart-beat.ts";
import { textFrame } from "./web-socket-frame.ts";
import type { Wire, WireOutlet } from "./wire.ts";

export interface ConnectionLimits {
  readonly frameBytesMax: number;
  readonly firstMessageMs: number;
  /** The server pings so often, whatever else goes either way: for the proxies between as well (A55). Infinity: never. */
  readonly pingMs: number;
  readonly eviction: EvictionLimits;
}

/** What is queued must be in the socket by then; a peer that takes nothing cannot delay its own close. */
const FLUSH_DEADLINE_MS = 2_000;
/** A peer believed dead gets its close frame, and this long to answer it. */
const DEAD_GRACE_MS = 1_000;
/** Not worth a line each: left, moved on, left without a code (as @stomp/stompjs does), our own drain. */
const ordinaryCloses: readonly number[] = [1000, 1001, 1005, closeCodes.restart];
const HEARTBEAT = textFrame(EOL);

/** One client: bytes to frames, frames to bytes, clocks. What the frames mean is the session's business. */
export class Connection implements Transport {
  readonly session: Session;
  /** Resolves when the socket is closed, whoever closed it. */
  readonly gone: Promise<void>;
  readonly #ws: Wire;
  readonly #queue: SendQueue;
  readonly #proof = new ProofOfReceipt();
  readonly #decoder: Decoder;
  readonly #limits: ConnectionLimits;
  readonly #services: SessionServices;
  readonly #openedAtMs = performance.now();
  #version: Version = "1.2";
  /** Last bytes of the client's own making, and last sign of life (pongs too). */
  #lastDataMs = this.#openedAtMs;
  #lastSignMs = this.#openedAtMs;
  #lastSentMs = this.#openedAtMs;
  #lastPingMs = this.#openedAtMs;
  /** Set by whoever decides first how this connection ends. */
  #ending: { readonly code: CloseCode; readonly reason: string } | undefined;

  constructor(
    ws: Wire,
    outlet: WireOutlet,
    limits: ConnectionLimits,
    services: SessionServices,
    shown?: Identity,
  ) {
    this.#ws = ws;
    this.#limits = limits;
    this.#services = services;
    this.#queue = new SendQueue(outlet);
    this.#decoder = new Decoder({ ...defaultLimits, frameBytesMax: limits.frameBytesMax });
    this.session = new Session(this, services, shown);
    outlet.on("drain", () => this.#queue.pump());
    ws.on("message", (data, isBinary) => this.#receive(data, isBinary));
    ws.on("ping", () => this.#sign());
    ws.on("pong", () => {
      this.#sign();
      this.#proof.ponged();
    });
    ws.on("error", (error) => this.#broken(error));
    this.gone = new Promise((resolve) => {
      ws.on("close", (code) => {
        this.#closed(code);
        resolve();
      });
    });
    services.metrics.connectionsActive.inc();
  }

  speak(version: Version): void {
    this.#version = version;
    this.#decoder.version = version;
  }

  send(frame: Frame): void {
    this.deliver(textFrame(encode(frame, this.#version)));
  }

  onceSent(next: () => void): void {
    if (this.#ending === undefined) this.#queue.onceEmpty(next);
  }

  /** The ping goes with the next tick. */
  onceTaken(next: () => void): void {
    this.onceSent(() => this.#proof.wait(next));
  }

  /** Resolves once the socket has everything sent until now, or is closed. */
  async tookAll(): Promise<void> {
    await Promise.race([new Promise<void>((resolve) => this.onceSent(resolve)), this.gone]);
  }

  deliver(framed: Buffer): void {
    if (this.#ending !== undefined) return;
    this.#lastSentMs = performance.now();
    this.#queue.push(framed);
    this.#evictIfSlow(this.#queue.depthAndBytes());
  }

  close(code: CloseCode, reason: string, graceMs = 0): void {
    if (this.#ending !== undefined) return;
    this.#ending = { code, reason };
    this.session.end();
    let asked = false;
    const ask = () => {
      if (!asked) this.#ws.close(code, reason);
      asked = true;
    };
    setTimeout(ask, FLUSH_DEADLINE_MS).unref();
    if (graceMs === 0) this.#queue.onceEmpty(ask);
    else setTimeout(() => this.#queue.onceEmpty(ask), graceMs).unref();
  }

  /** Answers what was asked, as far as that can be done in `withinMs`, then closes: the planned way to part (A121). */
  async partWith(code: CloseCode, reason: string, withinMs: number): Promise<void> {
    await Promise.race([this.session.answered(), this.gone, pause(withinMs)]);
    this.close(code, reason);
  }

  /** Without a close frame: 1006 on the other side. */
  cut(): void {
    this.session.end();
    this.#ws.terminate();
  }

  /** What waits for this client now. */
  waiting(): Waiting {
    return this.#queue.waiting();
  }

  /**
   * All clocks of the connection, called every `tickMs`. `peersMayBeBlamed` is false when this process itself was
   * held up: then silence says nothing about the client.
   */
  tick(nowMs: number, tickMs: number, peersMayBeBlamed: boolean): void {
    if (this.#ending !== undefined) return;
    const { policies, metrics } = this.#services;
    const { sendEveryMs, expectEveryMs } = this.session.beat;

    const waitedMs = nowMs - this.#openedAtMs;
    if (!this.session.connected && policies.connectIsLate(waitedMs, this.#limits.firstMessageMs)) {
      this.session.connectIsLate();
      return;
    }
    this.session.endIfExpired(Date.now());
    // A tick early rather than late: the client counts from what it received.
    if (sendEveryMs > 0 && nowMs - this.#lastSentMs >= sendEveryMs - tickMs) {
      policies.beat(
        () => this.deliver(HEARTBEAT),
        () => this.session.answered(),
      );
    }
    if (peersMayBeBlamed) {
      const missesBeats = expectEveryMs > 0 && policies.peerIsDead(nowMs - this.#lastDataMs, expectEveryMs);
      if (missesBeats || policies.peerIsDead(nowMs - this.#lastSignMs, this.#limits.pingMs)) {
        metrics.connectionErrors.inc({ stage: "silence" });
        this.#abandon(closeCodes.protocolError, missesBeats ? "heart-beat missed" : "no sign of life");
        return;
      }
    }
    if (this.#proof.wanted || nowMs - this.#lastPingMs >= this.#limits.pingMs - tickMs) {
      this.#lastPingMs = nowMs;
      this.#proof.pinged();
      this.#ws.ping();
    }
    this.#evictIfSlow(this.waiting());
  }

  #receive(data: RawData, isBinary = false): void {
    if (isBinary) {
      // STOMP here is text (A62).
      this.session.isNotText();
      return;
    }
    this.#lastDataMs = performance.now();
    this.#sign();
    for (const decoded of this.#decoder.push(data as Buffer)) this.session.receive(decoded);
  }

  #sign(): void {
    this.#lastSignMs = performance.now();
  }

  #evictIfSlow(waiting: Waiting): void {
    const { policies, metrics, log } = this.#services;
    const reason = this.#ending === undefined ? policies.evict(waiting, this.#limits.eviction) : undefined;
    if (reason === undefined) return;
    metrics.evictions.inc({ reason });
    log.warn("slow consumer evicted", {
      session: this.session.id,
      user: this.session.user,
      reason,
      ...waiting,
    });
    this.#ending = { code: closeCodes.overload, reason: "slow-consumer" };
    this.session.end();
    this.#queue.clear();
    this.#ws.close(closeCodes.overload, "slow-consumer");
  }

  /** For a peer that is thought dead: nobody may answer the close frame. */
  #abandon(code: CloseCode, reason: string): void {
    this.#ending = { code, reason };
    this.session.end();
    this.#queue.clear();
    this.#ws.close(code, reason);
    setTimeout(() => this.#ws.terminate(), DEAD_GRACE_MS).unref();
  }

  /** ws has refused what came in and is closing by itself; or the socket failed. */
  #broken(error: Error): void {
    const code = refusedWith(error);
    this.#services.metrics.connectionErrors.inc({ stage: code === undefined ? "transport" : "protocol" });
    if (code !== undefined) this.#ending ??= { code, reason: error.message };
    this.session.end();
  }

  #closed(code: number): void {
    this.session.end();
    this.#queue.clear();
    const { metrics, log, policies } = this.#services;
    const final = this.#ending?.code ?? code;
    const initiator = this.#ending === undefined ? "client" : "server";
    const seconds = (performance.now() - this.#openedAtMs) / 1_000;
    if (policies.leavesTheGauge(final)) metrics.connectionsActive.dec();
    metrics.closes.inc({ code: String(final), initiator });
    metrics.connectionSeconds.observe(seconds);
    log[ordinaryCloses.includes(final) ? "debug" : "info"]("connection closed", {
      session: this.session.id,
      user: this.session.user,
      code: final,
      initiator,
      reason: this.#ending?.reason,
      seconds: Math.round(seconds),
    });
  }
}

/** The code that ws closes with after this error of its receiver; undefined for errors of the socket. */
function refusedWith(error: Error): CloseCode | undefined {
  const { code } = error as { code?: unknown };
  if (typeof code !== "string" || !code.startsWith("WS_ERR_")) return undefined;
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return closeCodes.tooBig;
  return code === "WS_ERR_INVALID_UTF8" ? closeCodes.invalidData : closeCodes.protocolError;
}
