import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { closeCodes } from "../close-codes.ts";
import type { Wire } from "../wire.ts";
import { BatchOutlet } from "./batch-outlet.ts";
import { goodbye, HEARTBEAT, OPEN } from "./text.ts";

/** Browsers hold on to the first 2 KB of a stream. */
const PRELUDE = `${HEARTBEAT.repeat(2_048)}\n`;
/** A streaming response is ended after so much, because the browser keeps all of it in memory. */
const RESPONSE_BYTES_MAX = 131_072;
/** Until a receiver that does not take its goodbye is cut. */
const GOODBYE_GRACE_MS = 2_000;
const ANOTHER_CONNECTION = 2_010;
const ABNORMAL = 1_006;

interface Receiver {
  readonly response: ServerResponse;
  readonly streams: boolean;
  bytes: number;
}

export interface XhrTimes {
  readonly heartbeatMs: number;
  readonly disconnectDelayMs: number;
}

/**
 * A session of SockJS over plain requests: one that receives (a stream, or one answer after the other), and others
 * that send. Without a receiver for the disconnect delay it is over.
 */
export class XhrSession extends EventEmitter implements Wire {
  readonly outlet: BatchOutlet;
  readonly #times: XhrTimes;
  readonly #heartbeat: NodeJS.Timeout;
  #receiver: Receiver | undefined;
  #leave: NodeJS.Timeout | undefined;
  #opened = false;
  #goodbye: { readonly code: number; readonly reason: string } | undefined;
  #over = false;

  constructor(times: XhrTimes) {
    super();
    this.#times = times;
    this.outlet = new BatchOutlet({
      writable: () => this.#receiver !== undefined && this.#goodbye === undefined,
      waitingBytes: () => this.#receiver?.response.writableLength ?? 0,
      carry: (frame) => this.#carry(frame),
    });
    this.#heartbeat = setTimeout(() => this.ping(), times.heartbeatMs).unref();
    this.#awaitReceiver();
  }

  /** A request that receives. Its head is written already. */
  receiveOn(response: ServerResponse, streams: boolean): void {
    if (streams) response.write(PRELUDE);
    if (this.#goodbye !== undefined || this.#over) {
      const { code, reason } = this.#goodbye ?? { code: ABNORMAL, reason: "session is over" };
      response.end(`${goodbye(code, reason)}\n`);
      if (!this.#over) this.#finish(code);
      return;
    }
    if (this.#receiver !== undefined) {
      response.end(`${goodbye(ANOTHER_CONNECTION, "Another connection still open")}\n`);
      return;
    }
    clearTimeout(this.#leave);
    const receiver = { response, streams, bytes: 0 };
    this.#receiver = receiver;
    response.on("drain", () => this.outlet.drained());
    response.once("close", () => {
      if (this.#receiver === receiver) this.#detach();
    });
    this.emit("pong");
    if (!this.#opened) {
      this.#opened = true;
      this.#carry(OPEN);
    }
    if (this.#receiver === receiver) this.outlet.drained();
  }

  /** What a request that sends has brought. */
  hear(messages: readonly string[]): void {
    for (const message of messages) this.emit("message", Buffer.from(message));
  }

  /** It brought more than a message may have. */
  hearTooMuch(): void {
    const error = new Error("too much for one message");
    this.emit("error", Object.assign(error, { code: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" }));
    this.close(closeCodes.tooBig, "too much for one message");
  }

  get over(): boolean {
    return this.#over || this.#goodbye !== undefined;
  }

  close(code: number, reason: string): void {
    if (this.over) return;
    this.#goodbye = { code, reason };
    clearTimeout(this.#heartbeat);
    const receiver = this.#receiver;
    // Who polls comes back for it; who does not is gone after the disconnect delay.
    if (receiver === undefined) return;
    this.#receiver = undefined;
    const cut = setTimeout(() => receiver.response.destroy(), GOODBYE_GRACE_MS).unref();
    receiver.response.once("close", () => {
      clearTimeout(cut);
      this.#finish(code);
    });
    receiver.response.end(`${goodbye(code, reason)}\n`);
  }

  terminate(): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.response.destroy();
    this.#finish(ABNORMAL);
  }

  /** A stream shows life by taking the heart-beat, a poller by coming back for more. */
  ping(): void {
    this.#heartbeat.refresh();
    const receiver = this.#receiver;
    if (receiver === undefined || this.over) return;
    if (receiver.response.writableLength === 0) this.#carry(HEARTBEAT, () => this.emit("pong"));
  }

  #carry(frame: string, taken?: () => void): number {
    const receiver = this.#receiver;
    if (receiver === undefined) return 0;
    this.#heartbeat.refresh();
    const line = `${frame}\n`;
    const bytes = Buffer.byteLength(line);
    receiver.bytes += bytes;
    if (receiver.streams && receiver.bytes < RESPONSE_BYTES_MAX) {
      receiver.response.write(line, (error) => {
        if (!error) taken?.();
      });
    } else {
      receiver.response.end(line);
      this.#detach();
    }
    return bytes;
  }

  #detach(): void {
    this.#receiver = undefined;
    this.#awaitReceiver();
  }

  #awaitReceiver(): void {
    clearTimeout(this.#leave);
    if (this.#over) return;
    this.#leave = setTimeout(
      () => this.#finish(this.#goodbye?.code ?? ABNORMAL),
      this.#times.disconnectDelayMs,
    ).unref();
  }

  #finish(code: number): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#leave);
    clearTimeout(this.#heartbeat);
    this.emit("close", code);
  }
}
