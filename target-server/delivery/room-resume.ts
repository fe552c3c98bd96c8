import type { Outgoing } from "../broker.ts";
import { roomTopic } from "../destinations.ts";
import { messageId } from "../message.ts";
import type { Metrics } from "../metrics.ts";
import type { MessageIds } from "../passage-policies.ts";
import type { Policies } from "../policies.ts";
import { nextBatch } from "./batch.ts";
import type { Entering } from "./entering.ts";
import type { Logged, RoomLog } from "./room-log.ts";

export interface RoomResumeServices {
  readonly serverId: string;
  readonly policies: Policies;
  readonly metrics: Metrics;
  readonly roomLog: RoomLog;
  /** The newest `limit` after `seq` that the store still replays, the oldest first. */
  stored(roomId: string, seq: number, limit: number): Promise<readonly Logged[]>;
  /** Ids of the room's messages after `seq` that any recipient has acknowledged. */
  acknowledged(roomId: string, seq: number): Promise<MessageIds>;
  /** One SUBSCRIBE gets at most so many; who missed more is told, and reads the rest by REST (A87). */
  readonly messagesMax: number;
}

interface Replay {
  readonly roomId: string;
  readonly after: number;
  readonly leftOut: MessageIds;
}

export type ResumeRoom = (entering: Entering, roomId: string, lastSeen: number) => void;

/**
 * Replays a room strictly after `lastSeen`, in order, then goes live, without a gap and without an overlap: the last
 * look into the room log and the subscription happen in one turn, in which nothing can be heard (A107).
 */
export function roomResume(services: RoomResumeServices): ResumeRoom {
  const { policies, metrics, roomLog, messagesMax } = services;

  return (entering, roomId, lastSeen) => {
    const after = policies.resumeAfter(lastSeen, "room");
    if (after === undefined) {
      entering.goLive();
      entering.done();
      return;
    }
    const leftOut = policies.leftOutOfReplay({ byAnybody: () => services.acknowledged(roomId, after) });
    if (!(leftOut instanceof Promise)) replay(entering, { roomId, after, leftOut });
    else {
      const none: MessageIds = new Set();
      void leftOut.catch(() => none).then((ids) => replay(entering, { roomId, after, leftOut: ids }));
    }
  };

  function replay(entering: Entering, what: Replay): void {
    const { roomId, after } = what;
    const held = roomLog.complete(roomId, after);
    if (held !== undefined && held.length <= messagesMax) {
      join(entering, what, held);
      return;
    }
    services.stored(roomId, after, messagesMax).then(
      (stored) => join(entering, what, newest(merge(stored, roomLog.known(roomId, after)))),
      // Better live with a gap that is told of than not at all.
      () => join(entering, what, newest(roomLog.known(roomId, after)), "the store is away"),
    );
  }

  function newest(messages: readonly Logged[]): readonly Logged[] {
    return messages.slice(-messagesMax);
  }

  function join(entering: Entering, what: Replay, missed: readonly Logged[], doubt?: string): void {
    if (!entering.isOpen()) return;
    const { roomId, after } = what;
    const first = missed[0]?.seq ?? (roomLog.newest(roomId) ?? after) + 1;
    if ((first > after + 1 || doubt !== undefined) && policies.tellsGap()) {
      metrics.replayGaps.inc();
      entering.send(gapAnswer(services.serverId, roomId, after, first, doubt));
    }
    policies.joinLive({
      catchUp: (done) => sendAll(entering, what, missed, done),
      goLive: () => entering.goLive(),
    });
  }

  /** Batch by batch, so that nobody is thrown out for what the server itself piled up. */
  function sendAll(
    entering: Entering,
    { roomId, after, leftOut }: Replay,
    missed: readonly Logged[],
    done: () => void,
  ): void {
    let sentTo = after;
    const next = (waiting: readonly Logged[]): void => {
      if (!entering.isOpen()) return;
      const batch = nextBatch(waiting);
      for (const message of batch) {
        sentTo = message.seq;
        if (leftOut.has(message.msgId)) continue;
        entering.send(replayed(roomId, message, policies.replayedId(message.msgId)));
        metrics.replayed.inc();
        metrics.sent.inc();
      }
      const rest = waiting.slice(batch.length);
      if (rest.length > 0) {
        entering.onceSent(() => next(rest));
        return;
      }
      // Published while the batches went out.
      if (roomLog.known(roomId, sentTo, 1).length > 0) {
        entering.onceSent(() => next(roomLog.known(roomId, sentTo)));
        return;
      }
      done();
      entering.done();
    };
    next(missed);
  }
}

/** Both rise; what both have is the same message. */
export function merge(stored: readonly Logged[], heard: readonly Logged[]): Logged[] {
  const bySeq = new Map<number, Logged>();
  for (const message of stored) bySeq.set(message.seq, message);
  for (const message of heard) bySeq.set(message.seq, message);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** As it was published: same id, same sequence, same body (A51). */
export function replayed(roomId: string, message: Logged, id: string): Outgoing {
  return {
    headers: {
      destination: roomTopic(roomId),
      "message-id": id,
      "server-id": message.serverId,
      seq: String(message.seq),
      "content-type": "application/json",
    },
    body: message.payload,
  };
}

/** Comes first, on the subscription itself: the one place where the client certainly listens (A108, I73). */
function gapAnswer(
  serverId: string,
  roomId: string,
  after: number,
  first: number,
  doubt: string | undefined,
): Outgoing {
  const body = {
    type: "replay-gap",
    roomId,
    lastSeen: after,
    nextSequence: first,
    reason: doubt ?? "older than what is replayed",
    history: `/api/rooms/${roomId}/messages?after_seq=${after}`,
  };
  return {
    headers: {
      destination: roomTopic(roomId),
      "message-id": messageId(),
      "server-id": serverId,
      type: "replay-gap",
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  };
}
