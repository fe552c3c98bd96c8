import { escapingOf, unescapeHeader } from "../../target-server/stomp/escape.ts";
import { utf8Length } from "../../target-server/stomp/utf8.ts";

/**
 * Reading STOMP without decoding it: a client that receives thousands of messages a second needs three headers and
 * a mark in the body, and finding those by `indexOf` costs 35 µs a message in k6 where a full decode costs 55.
 * Agrees with `target-server/stomp/decode.ts` on everything a correct server sends (test); it is not a validator.
 */
export interface LazyFrame {
  /** The text that holds this frame, and perhaps others. */
  readonly text: string;
  readonly command: string;
  /** Where the header lines begin, including the line feed before the first. */
  readonly headersAt: number;
  /** Where they end: the line feed of the empty line. */
  readonly headersEnd: number;
  readonly bodyAt: number;
  /** The NUL. */
  readonly end: number;
}

/** More than this without a NUL is not a frame any server of ours would send. */
export const FRAME_CHARS_MAX = 16 * 1024 * 1024;

/** Puts frames together that were split over WebSocket messages, and takes apart several in one. */
export class LazyReader {
  #rest = "";

  /** Nothing of an unfinished frame is waiting for the rest of it. */
  get isBetweenFrames(): boolean {
    return this.#rest === "";
  }

  /**
   * Calls `onFrame` for each complete frame in order; line feeds between frames are heart-beats and are skipped.
   * Throws RangeError when a frame exceeds `FRAME_CHARS_MAX`.
   */
  read(data: string, onFrame: (frame: LazyFrame) => void): void {
    const text = this.#rest === "" ? data : this.#rest + data;
    this.#rest = "";
    let at = 0;
    for (;;) {
      while (isLineEnd(text.charCodeAt(at))) at += 1;
      if (at >= text.length) return;
      const frame = frameAt(text, at);
      if (!frame) {
        if (text.length - at > FRAME_CHARS_MAX) throw new RangeError("a STOMP frame without an end");
        this.#rest = text.slice(at);
        return;
      }
      at = frame.end + 1;
      onFrame(frame);
    }
  }
}

const LF = 10;
const CR = 13;

function isLineEnd(code: number): boolean {
  return code === LF || code === CR;
}

const LENGTH = "\ncontent-length:";

/** Undefined while the frame is not complete. */
function frameAt(text: string, from: number): LazyFrame | undefined {
  const headersAt = text.indexOf("\n", from);
  if (headersAt < 0) return undefined;
  const returns = text.charCodeAt(headersAt - 1) === CR;
  const headersEnd = text.indexOf(returns ? "\n\r\n" : "\n\n", headersAt);
  if (headersEnd < 0) return undefined;
  const bodyAt = headersEnd + (returns ? 3 : 2);
  let end = text.indexOf("\0", bodyAt);
  if (end < 0) return undefined;
  const lengthAt = text.indexOf(LENGTH, headersAt);
  if (lengthAt >= 0 && lengthAt < headersEnd) {
    // A body may hold NULs where its length says so. Characters are bytes in nearly every frame we meet.
    const bytes = Number.parseInt(text.slice(lengthAt + LENGTH.length, headersEnd + 1), 10);
    while (bytes > end - bodyAt && bytes > utf8Length(text.slice(bodyAt, end))) {
      end = text.indexOf("\0", end + 1);
      if (end < 0) return undefined;
    }
  }
  const command = text.slice(from, returns ? headersAt - 1 : headersAt);
  return { text, command, headersAt, headersEnd, bodyAt, end };
}

/** The first header of that name, unescaped as STOMP 1.2 has it; undefined where there is none. */
export function header(frame: LazyFrame, name: string): string | undefined {
  const raw = rawHeader(frame, name);
  if (!raw?.includes("\\")) return raw;
  return unescapeHeader(raw, escapingOf(frame.command, "1.2")) ?? raw;
}

/** As it stands on the wire: enough for values that are our own or numbers. */
export function rawHeader(frame: LazyFrame, name: string): string | undefined {
  const { text, headersEnd } = frame;
  const key = `\n${name}:`;
  const at = text.indexOf(key, frame.headersAt);
  if (at < 0 || at >= headersEnd) return undefined;
  const to = text.indexOf("\n", at + 1);
  return text.slice(at + key.length, text.charCodeAt(to - 1) === CR ? to - 1 : to);
}

export function body(frame: LazyFrame): string {
  return frame.text.slice(frame.bodyAt, frame.end);
}
