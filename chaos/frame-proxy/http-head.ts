/** More than any server takes; what has no end within it is not HTTP, and passes as it is. */
const HEAD_BYTES_MAX = 64 * 1024;
const END = Buffer.from("\r\n\r\n");

/** Collects the head of an HTTP message, however it was cut. */
export class HeadReader {
  #bytes: Buffer = Buffer.alloc(0);

  /** The head with its empty line, and what came after it. `head` is undefined when there is none to be found. */
  read(chunk: Buffer): { readonly head: string | undefined; readonly rest: Buffer } | undefined {
    const bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const end = bytes.indexOf(END, Math.max(0, this.#bytes.length - END.length));
    this.#bytes = bytes;
    if (end < 0) return bytes.length > HEAD_BYTES_MAX ? { head: undefined, rest: bytes } : undefined;
    const bodyAt = end + END.length;
    return { head: bytes.toString("latin1", 0, bodyAt), rest: bytes.subarray(bodyAt) };
  }

  /** What was collected so far, for one whose sender has ended. */
  get unfinished(): Buffer {
    return this.#bytes;
  }
}

export function asksForWebSocket(requestHead: string): boolean {
  return /^upgrade:[ \t]*websocket[ \t]*\r$/im.test(requestHead);
}

export function switchesProtocols(responseHead: string): boolean {
  return /^HTTP\/1\.1 101[ \r]/.test(responseHead);
}

/**
 * The same request without an offer of extensions, the only thing that this proxy changes in an upgrade: a compressed
 * frame could be dropped, but nobody could tell which STOMP frame it was, and one that is missing breaks all later ones.
 */
export function withoutExtensions(requestHead: string): string {
  return requestHead.replace(/\r\nsec-websocket-extensions:[^\r\n]*/gi, "");
}
