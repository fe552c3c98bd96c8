import type { Stream } from "../topology.ts";
import type { Unit } from "./units.ts";

/** What is done to a frame that matches. Plain JSON: it travels to the proxy's process. */
export type Act =
  | { readonly kind: "drop" }
  /** Sent `copies` more times, right after itself. */
  | { readonly kind: "duplicate"; readonly copies: number }
  /** Sent after `behind` more matching frames; without them when the rule is lifted. */
  | { readonly kind: "reorder"; readonly behind: number }
  /** Sent `delayMs` later; all that follows on the connection waits for it, as behind a lost packet. */
  | { readonly kind: "delay"; readonly delayMs: number }
  /**
   * `stomp`: a whole WebSocket frame with the first part of the text. `websocket`: the first part of the WebSocket
   * frame, whose head promises more, so that what follows is taken for its rest.
   */
  | { readonly kind: "truncate"; readonly level: "stomp" | "websocket"; readonly keepPercent: number }
  | { readonly kind: "corrupt"; readonly part: CorruptPart }
  /** Nothing is read any more: the peers' sockets stay open and fill up; everything arrives after the healing. */
  | { readonly kind: "hold" }
  /** Everything is read and thrown away, the end of the connection included, which arrives after the healing. */
  | { readonly kind: "blackhole" };

export type CorruptPart = "head" | "text" | "command" | "body";

/** One disturbance of the frames of some connections, from `disturb` to `lift`. */
export interface FrameRule {
  /** Of the fault; the same seed and label rank the same users first. */
  readonly label: string;
  /** How many connections, among those that are open; all where there are fewer. */
  readonly victims: number;
  readonly streams: readonly Stream[];
  /** A STOMP command, `heart-beat`, `data`, `ping`, `pong`, `close` or `any`. */
  readonly frame: string;
  /** Header of SEND and MESSAGE; empty for any, with `*` at its end for all that begin so. */
  readonly destination: string;
  /** The first matching frame of a victim's stream that is hit, from 1. */
  readonly nth: number;
  /** How many in a row are hit; 0 for all that follow. */
  readonly count: number;
  readonly act: Act;
}

export interface Victim {
  /** In the order of their arrival at this link, from 1. */
  readonly connection: number;
  /** `user-name` of its CONNECTED, `login` of its CONNECT, or `connection 7`. */
  readonly name: string;
  readonly open: boolean;
  /** Frames that matched, and those of them that were acted upon. */
  readonly matched: number;
  readonly acted: number;
  /** Bytes that are being withheld, as far as the proxy has read them. */
  readonly withheldBytes: number;
}

export interface RuleState {
  readonly victims: readonly Victim[];
  /** Connections that were open when the victims were chosen. */
  readonly of: number;
}

export function matches(rule: FrameRule, unit: Unit): boolean {
  if (rule.frame !== "any" && rule.frame !== unit.frame) return false;
  const { destination } = rule;
  if (destination === "") return true;
  return destination.endsWith("*")
    ? (unit.destination?.startsWith(destination.slice(0, -1)) ?? false)
    : unit.destination === destination;
}

/** Is the `matched`-th matching frame one of those to be hit? */
export function isHit(rule: FrameRule, matched: number): boolean {
  return matched >= rule.nth && (rule.count === 0 || matched < rule.nth + rule.count);
}
