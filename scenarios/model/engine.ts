import type { Journal } from "./journal.ts";
import type { LoadConfig } from "./load-config.ts";

/** One WebSocket as an engine gives it. Texts only: STOMP here is text. */
export interface Wire {
  /** Ignored unless the WebSocket is open. */
  send(text: string): void;
  /** Sends a close frame, or gives the attempt up while it is not open yet. Never blocks, may be called twice. */
  close(code: number, reason: string): void;
}

/** What a wire tells. Times are ms after the run's start, taken where the engine read the bytes. */
export interface WireEvents {
  opened(): void;
  text(data: string, atMs: number): void;
  /** Once, and last. `code` is null where no close frame came. */
  closed(code: number | null, reason: string): void;
}

/** What the clients of one VU need of the engine around them. */
export interface Engine {
  readonly config: LoadConfig;
  readonly journal: Journal;
  /** Kept up to date by the clients, reported with every flush. */
  readonly gauges: { connected: number; subscribed: number; due: number };
  /** Connections given up whose peer has not answered until now. */
  readonly unanswered: Set<unknown>;
  /** Ms after the run's start, with fractions. */
  nowMs(): number;
  /** Runs a task at that time; returns what cancels it. */
  at(atMs: number, task: () => void): () => void;
  /** Runs a task when the run ends, at once if it has; returns what cancels it. */
  atEnd(task: () => void): () => void;
  readonly ended: boolean;
  /** A stop brings it forward. */
  readonly publishUntilMs: number;
  /** Opens a WebSocket with the STOMP sub-protocols. */
  dial(url: string, events: WireEvents): Wire;
  /** Credentials for CONNECT. */
  connectHeaders(user: string): Readonly<Record<string, string>>;
  /** A number that no other subscription of the run has. */
  newSubscription(): number;
  /** A callback threw: recorded, never fatal. */
  report(where: string, error: unknown): void;
}
