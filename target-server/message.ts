import { randomBytes } from "node:crypto";

/** One chat message as the server holds it: everything but the room sequence, which it gets when it is published. */
export interface ChatMessage {
  readonly id: string;
  readonly roomId: string;
  readonly senderId: string;
  /** Given by the client, so that a resend is recognised (A144); the message's own id where it gave none. */
  readonly clientMessageId: string;
  readonly content: string;
  /** ms since 1970, by this server's clock: never the client's claim (A23). */
  readonly ts: number;
  /** The instance that accepted it (A143). */
  readonly serverId: string;
}

/** What subscribers get: exactly these keys (A41, A50). */
export interface ChatDto {
  readonly id: string;
  readonly roomId: string;
  readonly seq: number;
  readonly senderId: string;
  readonly content: string;
  readonly ts: number;
}

export function toDto(message: ChatMessage, seq: number): ChatDto {
  const { id, roomId, senderId, content, ts } = message;
  return { id, roomId, seq, senderId, content, ts };
}

let risenMs = 0;

/** This server's clock, ms since 1970, that never goes back: ids and times of messages rise together (A105). */
export function risingNowMs(): number {
  risenMs = Math.max(risenMs, Date.now());
  return risenMs;
}

let lastMs = 0;
let counter = 0;

/** UUID version 7: sorts by time, within one millisecond by a counter (A106). */
export function messageId(nowMs: number = Date.now()): string {
  counter = nowMs === lastMs ? (counter + 1) & 0xfff : 0;
  lastMs = nowMs;
  const random = randomBytes(8);
  random[0] = 0x80 | (random[0]! & 0x3f);
  const time = nowMs.toString(16).padStart(12, "0");
  const tail = random.toString("hex");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}
