import type { Broker, Outgoing } from "../broker.ts";
import { roomTopic } from "../destinations.ts";
import { messageId } from "../message.ts";
import type { Metrics } from "../metrics.ts";
import type { Policies } from "../policies.ts";
import type { Entering } from "./entering.ts";
import type { Logged, RoomLog } from "./room-log.ts";
import { merge } from "./room-resume.ts";

/** A39 says so. */
const HISTORY = 50;
/** Of what may wait for a client: its RECEIPT and what is live come in the same moment. */
const SHARE_OF_EVICTION = 0.5;

export interface RoomHistoryServices {
  readonly serverId: string;
  readonly policies: Policies;
  readonly metrics: Metrics;
  readonly broker: Broker;
  readonly roomLog: RoomLog;
  /** A client for whom more waits is thrown out. */
  readonly evictionBytes: number;
  /** The newest `limit` of a room, the oldest first. */
  stored(roomId: string, limit: number): Promise<readonly Logged[]>;
}

/**
 * Answers a SUBSCRIBE to `/app/chat.history/{room}` once, to nobody else: one MESSAGE with the last 50 messages as a
 * JSON array, whose sequences say where a resume of the live topic has to start (A39; B54). Of large messages only the
 * newest, as many as may wait for a client at once (A66).
 */
export function roomHistory(services: RoomHistoryServices): (entering: Entering, roomId: string) => void {
  const { serverId, policies, metrics, broker, roomLog, evictionBytes } = services;
  return (entering, roomId) => {
    const answer = (last: readonly Logged[]): void => {
      const messages = newestWithin(evictionBytes * SHARE_OF_EVICTION, last);
      const outgoing: Outgoing = {
        headers: {
          destination: `/app/chat.history/${roomId}`,
          "message-id": messageId(),
          "server-id": serverId,
          "last-sequence": String(messages.at(-1)?.seq ?? 0),
          "content-type": "application/json",
        },
        body: `[${messages.map(({ payload }) => payload).join(",")}]`,
      };
      policies.answerHistory({
        requester: () => {
          if (entering.isOpen()) entering.send(outgoing);
          metrics.sent.inc();
        },
        everyone: () => metrics.sent.inc(broker.deliver(roomTopic(roomId), outgoing)),
      });
      entering.done();
    };
    const held = roomLog.last(roomId, HISTORY);
    if (held !== undefined) {
      answer(held);
      return;
    }
    services.stored(roomId, HISTORY).then(
      (stored) => answer(merge(stored, roomLog.known(roomId, 0)).slice(-HISTORY)),
      () => answer(roomLog.known(roomId, 0).slice(-HISTORY)),
    );
  };
}

/** At least one, and as many of the newest as have so many bytes. */
function newestWithin(bytesMax: number, messages: readonly Logged[]): readonly Logged[] {
  let bytes = 0;
  const first = messages.findLastIndex(({ payload }) => {
    bytes += Buffer.byteLength(payload);
    return bytes > bytesMax;
  });
  return messages.slice(Math.min(first + 1, Math.max(0, messages.length - 1)));
}
