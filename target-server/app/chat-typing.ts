import { isRoomName, typingTopic } from "../destinations.ts";
import type { Envelope } from "../envelope.ts";
import { type Membership, whyNot } from "../membership.ts";
import { messageId } from "../message.ts";
import type { Policies } from "../policies.ts";
import type { Application, SendOutcome } from "./application.ts";

/** Users and rooms remembered for the rate. */
const KNOWN_MAX = 10_000;

export interface ChatTypingServices {
  readonly serverId: string;
  readonly policies: Policies;
  readonly membership: Membership;
  /** One event in so many ms for each user and room. */
  readonly everyMs: number;
  /** Then typing is the first thing to go. */
  underPressure(): boolean;
  whisper(event: Omit<Envelope, "logId">): Promise<void>;
  dropped(): void;
}

/** `SEND /app/chat.typing/{room}`: told once to who is there, never stored, never replayed; over the rate it is dropped (A43). */
export function chatTyping(services: ChatTypingServices): Application {
  const { serverId, policies, membership, everyMs, underPressure, whisper, dropped } = services;
  const lastMs = new Map<string, number>();

  function mayGo(user: string, roomId: string): boolean {
    const key = `${user}/${roomId}`;
    const nowMs = performance.now();
    if (!policies.mayType(nowMs - (lastMs.get(key) ?? Number.NEGATIVE_INFINITY), everyMs)) return false;
    lastMs.delete(key);
    lastMs.set(key, nowMs);
    if (lastMs.size > KNOWN_MAX) lastMs.delete(lastMs.keys().next().value!);
    return true;
  }

  return {
    prefix: "/app/chat.typing/",
    async handle({ user }, roomId): Promise<SendOutcome> {
      const may = isRoomName(roomId) && policies.maySend(user, roomId, membership);
      const refusal = may === true ? undefined : await whyNot(may);
      if (refusal !== undefined) return refusal;
      if (underPressure() || !mayGo(user, roomId)) {
        dropped();
        return { how: "accepted" };
      }
      const ts = Date.now();
      const event = {
        destination: typingTopic(roomId),
        userId: null,
        originServerId: serverId,
        timestamp: ts,
        msgId: messageId(),
        seq: 0,
        payload: JSON.stringify({ roomId, senderId: user, ts }),
      };
      // At most once: who does not hear of it misses nothing that lasts (A116).
      await whisper(event).catch(dropped);
      return { how: "accepted" };
    },
  };
}
