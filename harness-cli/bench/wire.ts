import { createHmac, randomBytes } from "node:crypto";
import net from "node:net";

/** Answers (RECEIPT, CONNECTED) are shorter than any message of the bench; a single byte is a beat. */
export const MESSAGE_BYTES_MIN = 200;
const OPEN_DEADLINE_MS = 10_000;
const TEXT = 0x81;
const PONG = 0x8a;
const CLOSE = 0x88;
const PING_OPCODE = 0x9;
const CLOSE_OPCODE = 0x8;
/** Every socket reads into it: what was read is dealt with before the next read. */
const shared = Buffer.allocUnsafe(65_536);

/** What all wires of one measurement have received. */
export interface Tally {
  messages: number;
  bytes: number;
  answers: number;
  onMessage?: (() => void) | undefined;
  onAnswer?: (() => void) | undefined;
}

export function emptyTally(): Tally {
  return { messages: 0, bytes: 0, answers: 0 };
}

/**
 * A WebSocket client that costs next to nothing, so that the server is what is measured: frames are counted by their
 * heads, never decoded or copied; its mask is zero. Texts are kept only while somebody waits for one.
 */
export class Wire {
  readonly #socket: net.Socket;
  readonly #tally: Tally;
  /** A frame's head that came in pieces. */
  #head: number[] = [];
  #left = 0;
  #opcode = 0;
  #length = 0;
  #kept: Buffer[] | undefined;
  #wanted: ((text: string) => void) | undefined;
  /** Set when the server closed or the socket broke: why. */
  ended: string | undefined;

  private constructor(socket: net.Socket, tally: Tally) {
    this.#socket = socket;
    this.#tally = tally;
  }

  /** Rejects when the upgrade is refused or takes longer than 10 s. */
  static open(url: string, tally: Tally, headers: Readonly<Record<string, string>> = {}): Promise<Wire> {
    const { hostname, port, pathname } = new URL(url);
    const { promise, resolve, reject } = Promise.withResolvers<Wire>();
    let wire: Wire | undefined;
    let answer = "";
    const socket = net.connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (bytes) => {
          if (wire !== undefined) {
            wire.#take(shared, 0, bytes);
            return true;
          }
          answer += shared.toString("latin1", 0, bytes);
          const end = answer.indexOf("\r\n\r\n");
          if (end < 0) return true;
          if (!answer.startsWith("HTTP/1.1 101")) {
            socket.destroy();
            reject(new Error(`${url} was refused: ${answer.slice(0, 200)}`));
            return true;
          }
          wire = new Wire(socket, tally);
          const rest = Buffer.from(answer.slice(end + 4), "latin1");
          wire.#take(rest, 0, rest.length);
          clearTimeout(late);
          resolve(wire);
          return true;
        },
      },
    });
    const late = setTimeout(
      () => socket.destroy(new Error(`no upgrade of ${url} in time`)),
      OPEN_DEADLINE_MS,
    );
    socket.on("error", (error) => {
      if (wire !== undefined) wire.ended ??= error.message;
      reject(error);
    });
    socket.on("close", () => {
      clearTimeout(late);
      if (wire !== undefined) wire.ended ??= "closed";
      reject(new Error(`${url} closed before it was open`));
    });
    const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n${more.join("")}\r\n`,
    );
    return promise;
  }

  /** One text frame for each, all in one write. */
  send(...texts: readonly string[]): void {
    this.#socket.write(texts.length === 1 ? clientFrame(texts[0]!) : Buffer.concat(texts.map(clientFrame)));
  }

  /** The next text that the server sends after this call. */
  next(deadlineMs = OPEN_DEADLINE_MS): Promise<string> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#wanted = undefined;
        reject(
          new Error(`no answer in ${deadlineMs} ms${this.ended === undefined ? "" : `: ${this.ended}`}`),
        );
      }, deadlineMs);
      this.#wanted = (text) => {
        clearTimeout(late);
        resolve(text);
      };
    });
  }

  close(): void {
    this.ended ??= "closed by the bench";
    this.#socket.destroy();
  }

  #take(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, end - at);
        this.#kept?.push(Buffer.from(bytes.subarray(at, at + step)));
        this.#left -= step;
        at += step;
        if (this.#left === 0) this.#endOfFrame();
      } else {
        at = this.#takeHead(bytes, at, end);
      }
    }
  }

  /** Returns where the payload begins, or `end` when the head goes on in the next read. */
  #takeHead(bytes: Buffer, start: number, end: number): number {
    let at = start;
    const head = this.#head;
    while (at < end) {
      head.push(bytes[at]!);
      at += 1;
      const short = (head[1] ?? 0) & 0x7f;
      const needed = head.length < 2 || short < 126 ? 2 : short === 126 ? 4 : 10;
      if (head.length < needed) continue;
      this.#opcode = head[0]! & 0x0f;
      this.#length = short < 126 ? short : head.slice(2).reduce((sum, byte) => sum * 256 + byte, 0);
      this.#left = this.#length;
      head.length = 0;
      this.#kept = this.#wanted === undefined ? undefined : [];
      if (this.#left === 0) this.#endOfFrame();
      return at;
    }
    return at;
  }

  #endOfFrame(): void {
    if (this.#opcode === PING_OPCODE) {
      this.#socket.write(Buffer.from([PONG, 0x80, 0, 0, 0, 0]));
    } else if (this.#opcode === CLOSE_OPCODE) {
      this.ended ??= "close frame";
      this.#socket.end(Buffer.from([CLOSE, 0x80, 0, 0, 0, 0]));
    } else if (this.#wanted !== undefined && this.#kept !== undefined && this.#length > 1) {
      const wanted = this.#wanted;
      this.#wanted = undefined;
      wanted(Buffer.concat(this.#kept).toString());
    } else if (this.#length >= MESSAGE_BYTES_MIN) {
      this.#tally.messages += 1;
      this.#tally.bytes += this.#length;
      this.#tally.onMessage?.();
    } else if (this.#length > 1) {
      this.#tally.answers += 1;
      this.#tally.onAnswer?.();
    }
    this.#kept = undefined;
  }
}

function clientFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const headBytes = bytes < 126 ? 6 : 8;
  if (bytes > 65_535) throw new RangeError("the bench sends no longer frames");
  const frame = Buffer.alloc(headBytes + bytes);
  frame[0] = TEXT;
  if (headBytes === 6) {
    frame[1] = 0x80 | bytes;
  } else {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(bytes, 2);
  }
  frame.write(text, headBytes);
  return frame;
}

/** An HS256 token good for an hour, without the cost of a library: thousands are needed at once. */
export function tokenFor(user: string, secret: string): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: user, exp })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
