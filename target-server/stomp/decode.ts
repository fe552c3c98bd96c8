import { escapingOf, unescapeHeader } from "./escape.ts";
import type { Frame, Version } from "./frame.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

export type Malformed =
  | "bad-command"
  | "bad-header"
  | "bad-escape"
  | "bad-content-length"
  | "invalid-utf8"
  | "missing-nul"
  | "header-line-too-long"
  | "too-many-headers"
  | "frame-too-large";

/** Malformed input is a value: never an exception, never a hang. */
export type Decoded =
  | { readonly kind: "frame"; readonly frame: Frame }
  | { readonly kind: "heartbeat" }
  | { readonly kind: "malformed"; readonly reason: Malformed };

export interface DecoderLimits {
  /** Command, headers and body together. */
  readonly frameBytesMax: number;
  readonly headerLineBytesMax: number;
  readonly headersMax: number;
}

/** 64 KB a frame (A61); a line of 8 KB holds every JWT that a proxy would let pass; 64 headers are ten times enough. */
export const defaultLimits: DecoderLimits = {
  frameBytesMax: 65_536,
  headerLineBytesMax: 8_192,
  headersMax: 64,
};

const LF = 10;
const CR = 13;
const COLON = 58;
const HEARTBEAT: Decoded = { kind: "heartbeat" };
const NOTHING = new Uint8Array(0);

/**
 * Frames out of a stream of bytes, however it is cut. Holds at most one unfinished frame, bounded by its limits.
 * After malformed input it stays silent: the stream cannot be trusted any more.
 */
export class Decoder {
  /** Set it when CONNECT has settled the version; until then the rules of 1.2 hold. */
  version: Version = "1.2";
  readonly #limits: DecoderLimits;
  /** Unread bytes are `#bytes[#at, #end)`. */
  #bytes: Uint8Array = NOTHING;
  #at = 0;
  #end = 0;
  /** False while `#bytes` is the caller's own chunk. */
  #owned = false;
  /** Where the search for the next line end or NUL goes on, so that a slow drip costs no second look. */
  #scan = 0;
  #state: "between" | "head" | "body" | "broken" = "between";
  #frameBytes = 0;
  #command: string | undefined;
  #headers: Record<string, string> = emptyHeaders();
  #headerCount = 0;
  /** Declared length of the body; undefined where it ends at the first NUL. */
  #bodyBytes: number | undefined;

  constructor(limits: DecoderLimits = defaultLimits) {
    this.#limits = limits;
  }

  /** Everything that is complete by now, in order. Text counts as its UTF-8. The chunk is not kept. */
  push(chunk: Uint8Array | string): Decoded[] {
    if (this.#state === "broken") return [];
    this.#append(typeof chunk === "string" ? encodeUtf8(chunk) : chunk);
    const decoded: Decoded[] = [];
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      decoded.push(next);
      if (next.kind === "malformed") {
        this.#state = "broken";
        this.#bytes = NOTHING;
        return decoded;
      }
    }
    this.#keepRest();
    return decoded;
  }

  #next(): Decoded | undefined {
    if (this.#state === "between") {
      const start = this.#between();
      if (start !== "frame") return start;
    }
    if (this.#state === "head") {
      const stop = this.#head();
      if (stop !== "complete") return stop;
    }
    return this.#body();
  }

  /** Line ends between frames are heart-beats; anything else begins a frame. */
  #between(): Decoded | undefined | "frame" {
    if (this.#at === this.#end) return undefined;
    const byte = this.#bytes[this.#at];
    if (byte === LF) {
      this.#at += 1;
      return HEARTBEAT;
    }
    if (byte === CR) {
      if (this.#at + 1 === this.#end) return undefined;
      if (this.#bytes[this.#at + 1] !== LF) return malformed("bad-command");
      this.#at += 2;
      return HEARTBEAT;
    }
    this.#state = "head";
    this.#scan = this.#at;
    this.#frameBytes = 0;
    this.#command = undefined;
    this.#headers = emptyHeaders();
    this.#headerCount = 0;
    this.#bodyBytes = undefined;
    return "frame";
  }

  /** Lines up to the empty one. */
  #head(): Decoded | undefined | "complete" {
    for (;;) {
      const lineEnd = this.#find(LF);
      const lineBytes = (lineEnd ?? this.#end) - this.#at;
      const frameBytesLeft = this.#limits.frameBytesMax - this.#frameBytes;
      if (lineBytes > Math.min(this.#limits.headerLineBytesMax, frameBytesLeft)) {
        const frameIsFull = frameBytesLeft < this.#limits.headerLineBytesMax;
        return malformed(frameIsFull ? "frame-too-large" : "header-line-too-long");
      }
      if (lineEnd === undefined) return undefined;

      const from = this.#at;
      const to =
        this.#stripsCr() && this.#bytes[lineEnd - 1] === CR && lineEnd > from ? lineEnd - 1 : lineEnd;
      this.#frameBytes += lineEnd + 1 - from;
      this.#at = lineEnd + 1;
      this.#scan = this.#at;

      if (this.#command === undefined) {
        this.#command = readCommand(this.#bytes, from, to);
        if (this.#command === undefined) return malformed("bad-command");
      } else if (to === from) {
        return this.#endHead();
      } else {
        const reason = this.#header(from, to);
        if (reason !== undefined) return malformed(reason);
      }
    }
  }

  #header(from: number, to: number): Malformed | undefined {
    if (++this.#headerCount > this.#limits.headersMax) return "too-many-headers";
    const line = this.#bytes.subarray(from, to);
    const colon = from + line.indexOf(COLON);
    if (colon <= from || line.includes(0)) return "bad-header";
    const escaping = escapingOf(this.#command!, this.version);
    const rawName = decodeUtf8(this.#bytes, from, colon);
    const rawValue = decodeUtf8(this.#bytes, colon + 1, to);
    if (rawName === undefined || rawValue === undefined) return "invalid-utf8";
    const name = unescapeHeader(rawName, escaping);
    const value = unescapeHeader(rawValue, escaping);
    if (name === undefined || value === undefined) return "bad-escape";
    // Of a repeated header the first one counts (STOMP 1.2, "Repeated Header Entries").
    if (!(name in this.#headers)) this.#headers[name] = value;
    return undefined;
  }

  #endHead(): Decoded | "complete" {
    const declared = this.#headers["content-length"];
    if (declared !== undefined) {
      if (!/^\d{1,15}$/.test(declared)) return malformed("bad-content-length");
      this.#bodyBytes = Number(declared);
      if (this.#frameBytes + this.#bodyBytes + 1 > this.#limits.frameBytesMax)
        return malformed("frame-too-large");
    }
    this.#state = "body";
    return "complete";
  }

  #body(): Decoded | undefined {
    const bodyEnd = this.#bodyBytes === undefined ? this.#find(0) : this.#declaredEnd();
    if (bodyEnd === undefined) {
      return this.#frameBytes + (this.#end - this.#at) >= this.#limits.frameBytesMax
        ? malformed("frame-too-large")
        : undefined;
    }
    if (this.#frameBytes + (bodyEnd - this.#at) + 1 > this.#limits.frameBytesMax)
      return malformed("frame-too-large");
    if (this.#bytes[bodyEnd] !== 0) return malformed("missing-nul");
    const body = decodeUtf8(this.#bytes, this.#at, bodyEnd);
    if (body === undefined) return malformed("invalid-utf8");
    this.#at = bodyEnd + 1;
    this.#state = "between";
    return { kind: "frame", frame: { command: this.#command!, headers: this.#headers, body } };
  }

  #declaredEnd(): number | undefined {
    const end = this.#at + this.#bodyBytes!;
    return end < this.#end ? end : undefined;
  }

  /** Position of the byte in what is unread, looking only at what is new. */
  #find(byte: number): number | undefined {
    const found = this.#bytes.indexOf(byte, this.#scan);
    if (found >= 0 && found < this.#end) return found;
    this.#scan = this.#end;
    return undefined;
  }

  /** 1.0 and 1.1 end their lines with LF alone, so there a CR belongs to the value. */
  #stripsCr(): boolean {
    return this.version === "1.2";
  }

  #append(chunk: Uint8Array): void {
    if (this.#at === this.#end) {
      this.#bytes = chunk;
      this.#owned = false;
      this.#at = 0;
      this.#end = chunk.length;
      this.#scan = 0;
      return;
    }
    const unread = this.#end - this.#at;
    if (this.#bytes.length < this.#end + chunk.length) {
      const grown = new Uint8Array(Math.max(1_024, (unread + chunk.length) * 2));
      grown.set(this.#bytes.subarray(this.#at, this.#end));
      this.#bytes = grown;
      this.#owned = true;
      this.#scan -= this.#at;
      this.#end = unread;
      this.#at = 0;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The caller's chunk may be re-used by its socket, so what is unfinished is copied. */
  #keepRest(): void {
    if (this.#at === this.#end) {
      this.#bytes = NOTHING;
      this.#at = this.#end = this.#scan = 0;
    } else if (!this.#owned) {
      this.#bytes = this.#bytes.slice(this.#at, this.#end);
      this.#owned = true;
      this.#scan -= this.#at;
      this.#end -= this.#at;
      this.#at = 0;
    }
  }
}

/** Commands are capital letters; whatever else begins a frame is not STOMP (an HTTP request, TLS, noise). */
function readCommand(bytes: Uint8Array, from: number, to: number): string | undefined {
  if (to === from || to - from > 16) return undefined;
  let command = "";
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (byte < 65 || byte > 90) return undefined;
    command += String.fromCharCode(byte);
  }
  return command;
}

function emptyHeaders(): Record<string, string> {
  return Object.create(null) as Record<string, string>;
}

function malformed(reason: Malformed): Decoded {
  return { kind: "malformed", reason };
}
