import type { Redis } from "ioredis";
import type { ChatMessage } from "../message.ts";
import type { AcceptSteps, Persisted, Policies, Publish } from "../policies.ts";
import type { Ordering, OrderingMode } from "./ordering.ts";
import { RoomLock } from "./room-lock.ts";
import { RoomQueues } from "./room-queues.ts";

export interface OrderingOptions {
  readonly mode: OrderingMode;
  readonly policies: Policies;
  readonly redis: Redis;
  readonly lockLifeMs: number;
  /** Messages that may wait for their turn. */
  readonly capacity: number;
  readonly steps: AcceptSteps;
  readonly publish: Publish;
  /** Is something waiting to be published already? */
  behind(): boolean;
  published(message: ChatMessage, seq: number, seconds: number): void;
  failed(error: unknown): void;
}

/** The ordering of this instance, and how many rooms have a queue in it. */
export function createOrdering(options: OrderingOptions): Ordering & { readonly roomQueues: () => number } {
  const { mode, policies, steps } = options;
  const queues = new RoomQueues({
    capacity: options.capacity,
    forgetsIdle: () => policies.forgetsIdleRoomQueue(),
  });
  const roomQueues = () => queues.size;
  const byRoom = ({ roomId }: ChatMessage) => roomId;
  const byMessage = ({ id }: ChatMessage) => id;
  const atOnce: Ordering["inTurn"] = (_message, accept) => accept(steps);
  const queued: Ordering["inTurn"] = (message, accept) => inQueue(message, () => accept(steps));

  switch (mode) {
    case "seq":
      return { lane: byRoom, inTurn: atOnce, roomQueues };
    case "timestamp":
    case "none":
      return { lane: byMessage, inTurn: atOnce, roomQueues };
    case "room-queue":
      return { lane: byRoom, inTurn: queued, roomQueues };
    case "lock": {
      const lock = new RoomLock({
        redis: options.redis,
        lifeMs: policies.roomLockLifeMs(options.lockLifeMs),
      });
      // Its own messages keep their order in the queue: a lock alone is no queue (I62).
      const locked: Ordering["inTurn"] = (message, accept) =>
        inQueue(message, () => underLock(lock, message, accept));
      return { lane: byRoom, inTurn: locked, roomQueues };
    }
  }

  async function inQueue(message: ChatMessage, work: () => Promise<Persisted>): Promise<Persisted> {
    if (queues.full) return { how: "rejected", reason: "too many messages are waiting for their turn" };
    return queues.run(message.roomId, work);
  }

  /** Without Redis nobody knows whose turn it is: then nothing is accepted. */
  async function underLock(
    lock: RoomLock,
    message: ChatMessage,
    accept: (steps: AcceptSteps) => Promise<Persisted>,
  ): Promise<Persisted> {
    const { roomId } = message;
    const fence = await lock.take(roomId).catch(() => "away" as const);
    if (fence === undefined) return { how: "rejected", reason: "the room is busy" };
    if (fence === "away") return { how: "rejected", reason: "the room cannot be locked now" };
    let publishing: Promise<void> | undefined;
    try {
      const broadcast = (accepted: ChatMessage) => {
        publishing = publishWith(fence, accepted);
      };
      return await accept({ persist: steps.persist, broadcast });
    } finally {
      await publishing;
      await lock.release(roomId, fence).catch(() => {});
    }
  }

  /** What cannot be published under the lock is stored all the same: it is published later, at its place then. */
  async function publishWith(fence: number, message: ChatMessage): Promise<void> {
    if (options.behind()) return steps.broadcast(message);
    const startMs = performance.now();
    try {
      const seq = await options.publish(message, fence);
      options.published(message, seq, (performance.now() - startMs) / 1_000);
    } catch (error) {
      options.failed(error);
      steps.broadcast(message);
    }
  }
}
