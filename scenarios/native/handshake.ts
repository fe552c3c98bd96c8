import { createHash, randomBytes } from "node:crypto";

const PROTOCOLS = "v12.stomp, v11.stomp, v10.stomp";
/** RFC 6455, 1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Longer than any answer that is meant for us. */
const HEAD_BYTES_MAX = 16 * 1024;

/** Where a ws:// or wss:// address leads. */
export interface Address {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** As in the Host header. */
  readonly authority: string;
  readonly path: string;
}

export function addressOf(url: string): Address {
  const { protocol, hostname, port, host, pathname, search } = new URL(url);
  const secure = protocol === "wss:";
  return {
    secure,
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (secure ? 443 : 80) : Number(port),
    authority: host,
    path: pathname + search,
  };
}

/** The opening handshake of one connection: its request, and then the answer in whatever pieces it comes. */
export class Handshake {
  readonly request: string;
  /** Values of `Set-Cookie` in the answer, once that is right. */
  cookies: readonly string[] = [];
  readonly #accept: string;
  #head = "";

  constructor(
    { authority, path }: Address,
    origin: string | undefined,
    headers: Readonly<Record<string, string>> = {},
  ) {
    const key = randomBytes(16).toString("base64");
    this.#accept = createHash("sha1")
      .update(key + GUID)
      .digest("base64");
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${authority}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${key}`,
      `Sec-WebSocket-Protocol: ${PROTOCOLS}`,
      ...(origin === undefined ? [] : [`Origin: ${origin}`]),
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    this.request = `${lines.join("\r\n")}\r\n\r\n`;
  }

  /**
   * How many bytes of this piece belong to the head, once it is complete and right; undefined while more must come.
   * Throws Error with what is wrong with the answer.
   */
  read(bytes: Buffer): number | undefined {
    const before = this.#head.length;
    // latin1: one character is one byte, so positions in the text are positions in the bytes.
    this.#head += bytes.toString("latin1", 0, Math.min(bytes.length, HEAD_BYTES_MAX));
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) {
      if (this.#head.length >= HEAD_BYTES_MAX) throw new Error("bad handshake: an endless answer");
      return undefined;
    }
    this.#check(this.#head.slice(0, end));
    return end + 4 - before;
  }

  #check(head: string): void {
    const [status = "", ...lines] = head.split("\r\n");
    const code = /^HTTP\/1\.1 (\d{3})/.exec(status)?.[1];
    if (code !== "101") throw new Error(`bad handshake: ${code ? `status ${code}` : "not HTTP"}`);
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    if (headers.get("sec-websocket-accept") !== this.#accept)
      throw new Error("bad handshake: wrong accept key");
    if (headers.has("sec-websocket-extensions"))
      throw new Error("bad handshake: an extension nobody asked for");
    const protocol = headers.get("sec-websocket-protocol");
    if (protocol !== undefined && !PROTOCOLS.split(", ").includes(protocol)) {
      throw new Error(`bad handshake: sub-protocol ${protocol.slice(0, 60)}`);
    }
    this.cookies = lines
      .filter((line) => /^set-cookie:/i.test(line))
      .map((line) => line.slice(line.indexOf(":") + 1));
  }
}
