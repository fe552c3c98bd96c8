import type { ChatMessage } from "../message.ts";
import type { AcceptSteps, Persisted } from "../policies.ts";

/**
 * What gives the messages of a room their order (A105):
 *
 * - `seq`: stored in the order they came to an instance, many in one transaction; numbered by the step that publishes.
 * - `room-queue`: as `seq`, but one message of a room is stored at a time, by a queue of the room.
 * - `lock`: as `room-queue`, over all instances: what is stored first is also published first.
 * - `timestamp`: stored and published as they get through; a reader sorts by `ts`, then `id`, of the server.
 * - `none`: the same, and nobody sorts.
 *
 * Each has the sequence, because it is the place in the room's log from which a client resumes (A107).
 */
export type OrderingMode = "seq" | "timestamp" | "room-queue" | "lock" | "none";
export const orderingModes: readonly OrderingMode[] = ["seq", "timestamp", "room-queue", "lock", "none"];

export interface Ordering {
  /** What has the same lane is stored one after the other. */
  lane(message: ChatMessage): string;
  /** Accepts it when it is its turn. */
  inTurn(message: ChatMessage, accept: (steps: AcceptSteps) => Promise<Persisted>): Promise<Persisted>;
}
