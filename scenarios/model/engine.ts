import type { HttpAnswer, HttpAsked } from "./examiner.ts";
import type { Journal } from "./journal.ts";
import type { LoadConfig } from "./load-config.ts";

/** One WebSocket as an engine gives it. Texts only: STOMP here is text. */
export interface Wire {
  /** Ignored unless the WebSocket is open. */
  send(text: string): void;
  /** Sends a close frame, or gives the attempt up while it is not open yet. Never blocks, may be called twice. */
  close(code: number, reason: string): void;
  /** What only the native engine can do. */
  readonly raw?: RawWire;
}

/** How fast a socket is read. What is not read fills the kernels' buffers, then the server's. */
export type Pace = "freely" | "never" | { readonly bytesPerSecond: number };

/** One WebSocket frame, right or wrong. The fields that are left out are those of a right one. */
export interface RawFrame {
  /** 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
  readonly opcode: number;
  readonly payload?: Uint8Array;
  /** False: more of the message follows. */
  readonly final?: boolean;
  /** RSV1 to RSV3 as the bits 4, 2 and 1; without an extension each of them is a protocol error. */
  readonly reserved?: number;
  /** A client that does not mask must be refused (RFC 6455, 5.1). */
  readonly masked?: boolean;
  /** A length that the payload does not have. */
  readonly claimedBytes?: number;
}

/** A connection below WebSocket, for clients that misbehave on purpose. Everything is ignored unless it is open. */
export interface RawWire {
  read(pace: Pace): void;
  /** Neither reads, writes nor closes from now on; the socket stays until the engine ends. */
  halfOpen(): void;
  sendBytes(bytes: Uint8Array): void;
  sendFrame(frame: RawFrame): void;
  /** Bytes taken from the socket and looked at, the handshake included. */
  readonly bytesRead: number;
}

/** What a wire tells. Times are ms after the run's start, taken where the engine read the bytes. */
export interface WireEvents {
  /** Whose connection it is: cookies are kept from one of its connections to the next. Absent: nobody keeps any. */
  readonly owner?: object;
  opened(): void;
  text(data: string, atMs: number): void;
  /** Once, and last. `code` is null where no close frame came. */
  closed(code: number | null, reason: string): void;
}

/** A task that has not run yet. An object and no closure: in k6 that is a third of the memory. */
export interface Pending {
  /** It will not run; may be called twice, and after it ran. */
  cancel(): void;
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
  /** Runs a task at that time. `owner` holds it until then, so that all of one owner can be cancelled together. */
  at(atMs: number, task: () => void, owner?: Set<Pending>): Pending;
  /** Runs a task when the run ends, at once if it has. */
  atEnd(task: () => void, owner?: Set<Pending>): Pending;
  readonly ended: boolean;
  /** A stop brings it forward. */
  readonly publishUntilMs: number;
  /** Opens a WebSocket with the STOMP sub-protocols. */
  dial(url: string, events: WireEvents): Wire;
  /** Credentials for CONNECT. */
  connectHeaders(user: string): Readonly<Record<string, string>>;
  /** What an exam needs; the native engine has it. */
  readonly examining?: Examining;
  /** A number that no other subscription of the run has. */
  newSubscription(): number;
  /** A callback threw: recorded, never fatal. */
  report(where: string, error: unknown): void;
}

/** Handshakes, requests and tokens that are not those of the load. */
export interface Examining {
  dial(url: string, how: HandshakeHow, events: WireEvents): Wire;
  http(url: string, asked: HttpAsked & { readonly withinMs: number }): Promise<HttpAnswer>;
  /** HS256, with `iat` and `exp`. */
  token(claims: Readonly<Record<string, unknown>>, secret: string, lifeMs: number): string;
}

export interface HandshakeHow {
  readonly origin: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}
