import { isUtf8 } from "node:buffer";
import net from "node:net";
import tls from "node:tls";
import { getSystemErrorMessage } from "node:util";
import type { Pace, RawFrame, RawWire, Wire, WireEvents } from "../model/engine.ts";
import type { Guard } from "../model/guard.ts";
import type { Clock } from "./clock.ts";
import { cookieHeader, keepCookies } from "./cookies.ts";
import { closePayload, encodeFrame, encodeText, opcodes } from "./frame.ts";
import { BadFrame, FrameReader } from "./frame-reader.ts";
import { type Address, addressOf, Handshake } from "./handshake.ts";

/** For the peer to end the TCP connection after both close frames, as RFC 6455 wants it to. */
const LINGER_MS = 2_000;
/** A peer that does not answer a close frame is let go; the client gave it up long before. */
const ABANDON_MS = 10_000;
/** How often a trickling reader takes its share. */
const TRICKLE_MS = 100;

/**
 * All sockets of the thread read into this one buffer: a read and its callback are one step. A buffer of its own per
 * connection, as a stream has, is most of what `ws` costs over this.
 */
const shared = Buffer.allocUnsafeSlow(64 * 1024);
const addresses = new Map<string, Address>();

export interface DialContext {
  readonly clock: Pick<Clock, "nowMs">;
  readonly guard: Guard;
  /** `host:port` that is dialled at another `ip:port`, its name kept (SNI, Host): a proxy in front of wss://. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** Of the handshake's request, beside those that it must have. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A TCP or TLS socket as a wire. */
export function dial(
  url: string,
  origin: string | undefined,
  events: WireEvents,
  context: DialContext,
): Wire {
  let address = addresses.get(url);
  if (!address) {
    address = addressOf(url);
    addresses.set(url, address);
  }
  return new NativeWire(address, origin, events, context);
}

class NativeWire implements Wire, RawWire {
  readonly #socket: net.Socket;
  readonly #events: WireEvents;
  readonly #context: DialContext;
  #state: "connecting" | "open" | "closing" | "over" | "half-open" = "connecting";
  #handshake: Handshake | undefined;
  readonly #reader = new FrameReader();
  #lastError = "";
  #pace: Pace = "freely";
  #bytesRead = 0;
  /** Taken from the socket and not looked at yet: at most one read of it. */
  #backlog: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(address: Address, origin: string | undefined, events: WireEvents, context: DialContext) {
    const { host, port, secure } = address;
    this.#events = events;
    this.#context = context;
    const { guard } = context;
    const onread = {
      buffer: shared,
      callback: (bytes: number, buffer: Uint8Array) => this.#read(buffer as Buffer, bytes),
    };
    this.#handshake = new Handshake(address, origin, { ...cookieHeader(events.owner), ...context.headers });
    const { request } = this.#handshake;
    const connected = () => void this.#socket.write(request, "latin1");
    const at = { host, port, ...addressedAt(context.hosts?.[`${host}:${port}`]) };
    this.#socket = secure
      ? // Its types leave out what it passes on to the socket.
        tls.connect(
          { ...at, servername: net.isIP(host) ? "" : host, onread } as tls.ConnectionOptions,
          connected,
        )
      : net.connect({ ...at, noDelay: true, onread }, connected);
    this.#socket.on("error", (error) => {
      this.#lastError = inWords(error);
    });
    this.#socket.on("end", () => this.#socket.destroy());
    this.#socket.on(
      "close",
      guard("close", () => this.#gone(null, this.#lastError || "unexpected EOF")),
    );
  }

  get raw(): RawWire {
    return this;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  send(text: string): void {
    if (this.#state === "open") this.#socket.write(encodeText(text));
  }

  sendFrame(frame: RawFrame): void {
    if (this.#state === "open") this.#socket.write(encodeFrame(frame));
  }

  sendBytes(bytes: Uint8Array): void {
    if (this.#state === "open") this.#socket.write(bytes);
  }

  close(code: number, reason: string): void {
    if (this.#state === "connecting") {
      this.#lastError = "given up";
      this.#socket.destroy();
    } else if (this.#state === "open") {
      this.#closing(code, reason);
      // It may have been told not to read, and the answer is worth reading.
      this.#resume();
      // Its end is nobody's news any more: the client counts it as unanswered.
      this.#after(ABANDON_MS, () => {
        this.#state = "over";
        this.#socket.destroy();
      });
    }
  }

  read(pace: Pace): void {
    if (this.#state !== "open") return;
    clearInterval(this.#timer);
    this.#pace = pace;
    if (pace === "freely") {
      this.#resume();
    } else {
      this.#socket.pause();
      if (pace !== "never") this.#trickle(pace.bytesPerSecond);
    }
  }

  halfOpen(): void {
    if (this.#state !== "open") return;
    clearInterval(this.#timer);
    this.#pace = "never";
    this.#state = "half-open";
    this.#socket.pause();
  }

  // In

  /** False stops reading. */
  #read(buffer: Buffer, bytes: number): boolean {
    if (this.#state === "over") return true;
    const chunk = buffer.subarray(0, bytes);
    if (this.#pace !== "freely") {
      this.#backlog = this.#backlog ? Buffer.concat([this.#backlog, chunk]) : Buffer.from(chunk);
      return false;
    }
    this.#take(chunk);
    if (this.#pace !== "freely") return false;
    if (bytes < buffer.length) return true;
    // There is more, and libuv would go on for 32 reads: the timers and the other sockets come first.
    setImmediate(() => this.#pace === "freely" && this.#socket.resume());
    return false;
  }

  #resume(): void {
    this.#pace = "freely";
    const backlog = this.#backlog;
    this.#backlog = undefined;
    if (backlog) this.#take(backlog);
    if (this.#pace === "freely") this.#socket.resume();
  }

  #trickle(bytesPerSecond: number): void {
    const share = Math.max(1, Math.round((bytesPerSecond * TRICKLE_MS) / 1_000));
    this.#timer = setInterval(() => {
      const backlog = this.#backlog;
      if (!backlog) {
        this.#socket.resume();
        return;
      }
      this.#backlog = backlog.length > share ? backlog.subarray(share) : undefined;
      this.#take(backlog.subarray(0, share));
    }, TRICKLE_MS);
  }

  #take(chunk: Buffer): void {
    this.#bytesRead += chunk.length;
    const atMs = this.#context.clock.nowMs();
    try {
      const frames = this.#handshake ? this.#answer(this.#handshake, chunk) : chunk;
      if (frames) this.#frames(frames, atMs);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** What follows the handshake in this chunk; undefined while it is not over. */
  #answer(handshake: Handshake, chunk: Buffer): Buffer | undefined {
    const end = handshake.read(chunk);
    if (end === undefined) return undefined;
    this.#handshake = undefined;
    this.#state = "open";
    keepCookies(this.#events.owner, handshake.cookies);
    this.#context.guard("open", () => this.#events.opened())();
    return chunk.subarray(end);
  }

  #frames(chunk: Buffer, atMs: number): void {
    const reader = this.#reader;
    const pace = this.#pace;
    reader.take(chunk);
    while (this.#isListening() && reader.next()) {
      if (reader.opcode === opcodes.text) {
        this.#text(reader.text(), atMs);
      } else {
        this.#control(reader, atMs);
      }
      if (this.#pace !== pace && this.#pace !== "freely") {
        const rest = reader.rest();
        // The chunk is shared with every other socket.
        if (rest.length > 0) this.#keep(Buffer.from(rest));
        return;
      }
    }
  }

  #isListening(): boolean {
    return this.#state === "open" || this.#state === "closing";
  }

  /** Comes before what is in the backlog already. */
  #keep(rest: Buffer): void {
    this.#bytesRead -= rest.length;
    this.#backlog = this.#backlog ? Buffer.concat([rest, this.#backlog]) : rest;
  }

  /** A handler that throws costs its own message and no socket. */
  #text(text: string, atMs: number): void {
    try {
      this.#events.text(text, atMs);
    } catch (error) {
      this.#context.guard("message", () => {
        throw error;
      })();
    }
  }

  #control(reader: FrameReader, atMs: number): void {
    const payload = reader.payload();
    switch (reader.opcode) {
      case opcodes.binary:
        this.#text(isUtf8(payload) ? payload.toString() : "", atMs);
        break;
      case opcodes.ping:
        this.#socket.write(encodeFrame({ opcode: opcodes.pong, payload }));
        break;
      case opcodes.close:
        this.#closed(payload);
        break;
    }
  }

  // Ends

  #closed(payload: Buffer): void {
    const code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
    if (payload.length === 1 || !mayTravel(code)) throw new BadFrame(1002, `a close frame with code ${code}`);
    const reason = payload.toString("utf8", 2);
    if (this.#state === "open") this.#closing(code, "");
    this.#after(LINGER_MS, () => this.#socket.destroy());
    this.#socket.end();
    this.#gone(code, reason);
  }

  /** The server broke the protocol: it is told, and the client hears what it was. */
  #refuse(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof BadFrame && this.#state === "open") this.#closing(error.code, why.slice(0, 120));
    this.#after(LINGER_MS, () => this.#socket.destroy());
    this.#socket.end();
    this.#gone(null, why);
  }

  #closing(code: number, reason: string): void {
    this.#state = "closing";
    this.#socket.write(encodeFrame({ opcode: opcodes.close, payload: closePayload(code, reason) }));
  }

  #gone(code: number | null, reason: string): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#backlog = undefined;
    this.#context.guard("close", () => this.#events.closed(code, reason))();
  }

  #after(ms: number, task: () => void): void {
    clearInterval(this.#timer);
    this.#timer = setTimeout(task, ms).unref();
    this.#socket.once("close", () => clearInterval(this.#timer));
  }
}

/** RFC 6455, 7.4: what a peer may say, and 1005 for nothing said. */
function mayTravel(code: number): boolean {
  return (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1006) || (code >= 3000 && code <= 4999);
}

/** In the system's words, as k6 says them: checks read them. */
function inWords(error: NodeJS.ErrnoException): string {
  if (error.code === "EADDRNOTAVAIL") return "connect: cannot assign requested address";
  if (error.code === "ENOMEM") return `${error.syscall}: cannot allocate memory`;
  if (error.errno === undefined || error.syscall === undefined) return error.message;
  return `${error.syscall}: ${getSystemErrorMessage(error.errno)}`;
}

function addressedAt(instead: string | undefined): { host: string; port: number } | undefined {
  if (instead === undefined) return undefined;
  const colon = instead.lastIndexOf(":");
  return { host: instead.slice(0, colon), port: Number(instead.slice(colon + 1)) };
}
