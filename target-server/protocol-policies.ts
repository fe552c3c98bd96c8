import type { HeartBeat } from "./stomp/heart-beat.ts";

/** How the connection is kept, bounded and ended. */
export interface ProtocolPolicies {
  /** The heart-beat put into CONNECTED, of what is configured (A52; B2, B4). */
  offerBeat(configured: HeartBeat): HeartBeat;
  /** A heart-beat is due. Healthy: it goes now, whatever the session's handlers are doing (A59; B13). */
  beat(send: () => void, answered: () => Promise<void>): void;
  /** No CONNECT for `waitedMs` since the handshake: is that too long? (A57; B10) */
  connectIsLate(waitedMs: number, limitMs: number): boolean;
  /** Whose length is limited to what: both are enforced while reading (A61; B111, B112, B113). */
  sizeLimits(bytesMax: number): SizeLimits;
  /** The head of a request and the idle time between two, ms (A11; B175, B215). */
  httpTimeouts(configured: HttpTimeouts): HttpTimeouts;
  /** The instance is full. Healthy: a plain 503 at once, never a socket that hangs (A11; B126). */
  whenFull(refuse: () => void): void;
  /** May it start with this many file descriptors? (A10; B124) */
  enoughFiles(filesMax: number, floor: number): boolean;
  /** May a client that WebSocket does not reach come in by this transport of SockJS? (A15; B184) */
  mayFallBack(transport: FallbackTransport): boolean;
  /** A message that was delivered so many times is refused with NACK: once more, or was that it? */
  afterNack(times: number): "redeliver" | "drop";
}

/** Bytes; what is as long as its limit passes. */
export interface SizeLimits {
  /** A WebSocket message, its fragments together. */
  readonly webSocketMessage: number;
  /** A STOMP frame: command, headers, body and NUL. */
  readonly stompFrame: number;
}

export interface HttpTimeouts {
  readonly headMs: number;
  readonly keepAliveMs: number;
}

export type FallbackTransport = "websocket" | "xhr_streaming" | "xhr";

/** At least once, and no message that goes round for ever. */
const NACK_DELIVERIES_MAX = 2;

export const healthyProtocol: ProtocolPolicies = {
  offerBeat: (configured) => configured,
  beat: (send) => send(),
  connectIsLate: (waitedMs, limitMs) => waitedMs > limitMs,
  sizeLimits: (bytesMax) => ({ webSocketMessage: bytesMax, stompFrame: bytesMax }),
  httpTimeouts: (configured) => configured,
  whenFull: (refuse) => refuse(),
  enoughFiles: (filesMax, floor) => filesMax >= floor,
  mayFallBack: () => true,
  afterNack: (times) => (times < NACK_DELIVERIES_MAX ? "redeliver" : "drop"),
};
