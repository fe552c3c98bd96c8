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

export interface RoomHistoryServices {
  readonly serverId: string;
  readonly policies: Policies;
  readonly metrics: Metrics;
  readonly broker: Broker;
  readonly roomLog: RoomLog;
  /** The newest `limit` of a room, the oldest first. */
  stored(roomId: string, limit: number): Promise<readonly Logged[]>;
}

/**
 * Answers a SUBSCRIBE to `/app/chat.history/{room}` once, to nobody else: one MESSAGE with the last 50 messages as a
 * JSON array, whose sequences say where a resume of the live topic has to start (A39; B54).
 */
export function roomHistory(services: RoomHistoryServices): (entering: Entering, roomId: string) => void {
  const { serverId, policies, metrics, broker, roomLog } = services;
  return (entering, roomId) => {
    const answer = (messages: readonly Logged[]): void => {
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
