import type { Outgoing } from "../broker.ts";
import type { Subscribable } from "../destinations.ts";

/** A SUBSCRIBE that was allowed: what it still needs before messages flow. */
export interface Entering {
  readonly user: string;
  readonly sessionId: string;
  readonly wanted: Subscribable;
  /** Of the header `last-seen-sequence` (I73). */
  readonly lastSeen: number | undefined;
  /** False once the client has unsubscribed or gone. */
  isOpen(): boolean;
  /** To this subscription only. */
  send(outgoing: Outgoing): void;
  /** Calls back once everything sent is in the socket; never where the connection ends before. */
  onceSent(next: () => void): void;
  /** Calls back once the client has shown that it took everything sent; never where the connection ends before. */
  onceTaken(next: () => void): void;
  /** From here on it gets what is published. */
  goLive(): void;
  /** The RECEIPT may go: what was missed is sent, and what is live flows. */
  done(): void;
}

/** Returns what ends it, called once. */
export type Enter = (entering: Entering) => () => void;

/** For topics that have neither past nor presence. */
export const enterPlainly: Enter = ({ goLive, done }) => {
  goLive();
  done();
  return () => {};
};

/** The header that names the last sequence a client has (I73). */
export const LAST_SEEN = "last-seen-sequence";

/** Sequences are whole numbers below 2^53; 0 means that nothing was seen. */
export function readSequence(text: string | undefined): number | undefined | "invalid" {
  if (text === undefined) return undefined;
  const value = Number(text);
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(value) ? value : "invalid";
}
