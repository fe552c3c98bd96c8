import type { Frame, Headers } from "../../target-server/stomp/frame.ts";
import type { RawWire } from "./engine.ts";
import type { Client } from "./session.ts";

/**
 * What a client of an exam role can do: everything that a real client or an attacker can, one step at a time, and say
 * what it saw. Times are ms after the run's start. Calls end by themselves: those that wait take how long at most.
 */
export interface Examiner {
  readonly client: Client;
  /** How many instances (or addresses) there are; those of `at` count from 0. */
  readonly endpoints: number;
  /** One factor for beats, idle limits, TTLs, token life and drain (I85): the server's times are multiplied by it. */
  readonly timeScale: number;
  nowMs(): number;
  /** Until that time of the run, or its end. */
  until(atMs: number): Promise<void>;
  sleep(ms: number): Promise<void>;
  /** The WebSocket handshake alone. Never rejects: a refusal is an answer. */
  dial(how?: DialHow): Promise<Dialled>;
  /** Handshake, CONNECT and CONNECTED. Throws `NotConnected` with what came instead. */
  connect(how?: ConnectHow): Promise<Peer>;
  /** One HTTP request to the instance `at` (default 0), `path` from its root. Rejects when nothing answers. */
  http(request: HttpAsked): Promise<HttpAnswer>;
  /** A JWT of the target's own key; throws where the target has none (`LoadAccess`). */
  token(claims: TokenClaims): string;
  /** `Authorization` for the target's `/internal/…`; undefined where it has none. */
  readonly internalAuthorization: string | undefined;
  /** The answer to one of the role's questions; as often as it is put. */
  observe(about: string, answer: Answer): void;
}

export interface Answer {
  readonly holds: boolean;
  /** What was seen, as the report shows it beside what was expected: ids, codes, counts. */
  readonly seen: string;
  readonly server?: string | undefined;
}

export interface DialHow {
  /** Which endpoint; default: client number modulo their number. */
  readonly at?: number;
  /** In place of the access's own; null: none. */
  readonly origin?: string | null;
  readonly headers?: Headers;
  /** Path and query in place of the endpoint's own. */
  readonly path?: string;
}

export interface ConnectHow extends DialHow {
  readonly user?: string;
  /** In place of one for `user`; null: none. */
  readonly token?: string | null;
  /** Sends and wants, ms as they go on the wire; default 10 s each times the time scale. Kept by itself. */
  readonly beat?: readonly [sendsMs: number, wantsMs: number];
  /** Added to CONNECT's headers. */
  readonly connectHeaders?: Headers;
}

export type Dialled =
  | { readonly how: "open"; readonly peer: Peer }
  /** `status` of the HTTP answer; undefined where there was none. */
  | { readonly how: "refused"; readonly status: number | undefined; readonly reason: string };

export class NotConnected extends Error {
  override readonly name = "NotConnected";
}

/** A frame as it came. */
export interface Heard extends Frame {
  readonly atMs: number;
}

export interface Closed {
  /** Null where no close frame came (1006). */
  readonly code: number | null;
  readonly reason: string;
  readonly atMs: number;
}

/** Of what `ask` got: is it the RECEIPT? */
export function isReceipt(answer: Heard | Closed | undefined): boolean {
  return answer !== undefined && "command" in answer && answer.command === "RECEIPT";
}

/** One connection of an examiner. */
export interface Peer {
  /** Headers of CONNECTED; empty before. */
  readonly connected: Headers;
  /** `server-id` of CONNECTED, or the endpoint's number. */
  readonly server: string;
  /** Everything that came, in order; heart-beats are only counted. */
  readonly frames: readonly Heard[];
  readonly beats: readonly number[];
  readonly closed: Closed | undefined;
  send(command: string, headers?: Headers, body?: string): void;
  /** As `send`, with a receipt: `RECEIPT`, or the ERROR or close that came instead; undefined when nothing came. */
  ask(
    command: string,
    headers?: Headers,
    body?: string,
    withinMs?: number,
  ): Promise<Heard | Closed | undefined>;
  /** Resolves at its RECEIPT with the subscription's id. Throws `NotConnected` when it is refused. */
  subscribe(destination: string, headers?: Headers): Promise<string>;
  /** The first frame not taken yet that fits, there already or coming; each is taken once. */
  next(fits: (heard: Heard) => boolean, withinMs: number): Promise<Heard | undefined>;
  /** The end of the connection; undefined when it is still open after that time. */
  ended(withinMs: number): Promise<Closed | undefined>;
  /** DISCONNECT with receipt, then close 1000. */
  leave(): Promise<void>;
  /** Close frame with this code. */
  close(code: number): void;
  /** Stops its own heart-beats; the socket stays open and is read. */
  fallSilent(): void;
  readonly raw: RawWire;
}

export interface HttpAsked {
  readonly at?: number;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Headers;
  readonly body?: string;
  readonly withinMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export interface TokenClaims {
  readonly sub: string;
  /** From now; negative: it has run out. Default an hour. */
  readonly expiresInMs?: number;
  readonly more?: Readonly<Record<string, unknown>>;
}
