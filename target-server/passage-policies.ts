import type { ChatMessage } from "./message.ts";
import type { Inserted } from "./store.ts";

/** A message's passage: what it is known by, when it is published, who takes it over, who listens. */
export interface PassagePolicies {
  /** By what a repeated SEND is known for the same one (A144; B216). `ownId` is the server's new id. */
  clientMessageId(given: string | undefined, ownId: string): string;
  /** When what is written may be published: healthy once it is committed, by the caller (A79; B39). */
  write(steps: WriteSteps): Promise<Inserted>;
  /** Do the others publish what an instance confirmed and could not publish any more? (A79; B41, B48) */
  takesOverUnpublished(): boolean;
  /** What an instance does about the others' messages when its link to the relay is there (A98; B46). */
  listen(steps: ListenSteps): void;
  /** Where a room's counter goes on when Redis has lost it (A104; B68). */
  roomCounter(stored: number, heard: number): number;
  /** What of a room is not replayed, because somebody acknowledged it. Healthy: nothing, each recipient has a place of its own (A109; B49). */
  leftOutOfReplay(looks: AcknowledgedLooks): MessageIds | Promise<MessageIds>;
}

export interface WriteSteps {
  readonly messages: readonly ChatMessage[];
  /** One statement, which is its own transaction. */
  commit(): Promise<Inserted>;
  /** In a transaction of its own, which ends after `written`. */
  inTransaction(written: (messages: readonly ChatMessage[]) => void): Promise<Inserted>;
  broadcast(message: ChatMessage): void;
}

export interface ListenSteps {
  /** False: the link broke, and is there again. */
  readonly first: boolean;
  /** Listens, then catches up with what was said meanwhile. */
  subscribe(): void;
  /** Does nothing and holds itself for ready. */
  trust(): void;
}

/** By the server's ids. */
export type MessageIds = ReadonlySet<string>;

export interface AcknowledgedLooks {
  /** Those that any recipient has acknowledged. */
  byAnybody(): Promise<MessageIds>;
}

const NONE: MessageIds = new Set();

export const healthyPassage: PassagePolicies = {
  clientMessageId: (given, ownId) => given ?? ownId,
  write: ({ commit }) => commit(),
  takesOverUnpublished: () => true,
  listen: ({ subscribe }) => subscribe(),
  roomCounter: (stored, heard) => Math.max(stored, heard),
  leftOutOfReplay: () => NONE,
};
