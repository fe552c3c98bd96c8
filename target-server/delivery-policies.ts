import type { Envelope } from "./envelope.ts";
import type { OrderingMode } from "./ordering/ordering.ts";

/** Who gets what, who gets it later, and what is said of what is gone. */
export interface DeliveryPolicies {
  /** After which sequence a client that saw `lastSeen` is replayed; undefined: not at all (A107; B51, B52, B57, B63). */
  resumeAfter(lastSeen: number, of: "room" | "user-queue"): number | undefined;
  /** Is a client told that messages between what it saw and what it gets are gone? (A108; B55) */
  tellsGap(): boolean;
  /** In which order a subscription gets what it missed and what is live (A107, A112; B53, B218). */
  joinLive(steps: JoinSteps): void;
  /** The id of a message that is sent once more (A51; B56). */
  replayedId(id: string): string;
  /** Who gets the answer to a SUBSCRIBE for history (A39; B87). */
  answerHistory(paths: AnswerPaths): void;
  /** Whom a user's message reaches: the sessions on every instance (A38, A103; B43, B78, B80). */
  pushToUser(paths: PushPaths): PushToUser;
  /** Is a user's message kept for when the user is away? (A86, A112; B85) */
  keepsForOffline(): boolean;
  /** Is what went to a user's sessions kept until one of them has shown that it took it? (B63) */
  keepsUntilTaken(): boolean;
  /** The key that tells whether a user is connected, for all instances the same one (A112; B64). */
  onlineKey(user: string, queue: string, serverId: string): string;
  /** What of an offline buffer a new subscription gets. Healthy: taken out by the step that reads it (B58, B59, B60). */
  takeBuffer(steps: BufferSteps): Promise<readonly Envelope[]>;
  /** How much is kept for a user who is away, and for how long (A112; B61). */
  bufferLimits(configured: BufferLimits): BufferLimits;
  /** Is what the buffer no longer has brought from the store? (A87; B62) */
  fallsBackToStore(): boolean;
  /** The id of a pushed event: of its idempotency key, where it has one (A102; B77). */
  eventId(ofKey: string | undefined, fresh: () => string): string;
  /** For how long receipts are collected, ms (A115; B79). */
  receiptWindowMs(configuredMs: number): number;
  /** May a typing event go, `sinceMs` after the user's last one in this room? (A43; B99) */
  mayType(sinceMs: number, everyMs: number): boolean;
  /** Which entries of the relay's stream this instance reads: all, from where it stopped (A94; B75, B76). */
  readStream(readers: StreamReaders): Promise<StreamPages>;
  /** What gives the messages of a room their order (A105; B65). */
  orderingMode(configured: OrderingMode): OrderingMode;
  /** Is the queue of a room forgotten once it is empty? (A105; B71) */
  forgetsIdleRoomQueue(): boolean;
  /** How long the lock of a room outlives a holder that died, ms; Infinity: for ever (A105; B73). */
  roomLockLifeMs(configuredMs: number): number;
  /** Until when someone present stays so without a sign of the instance (A117; B91). */
  presentUntilMs(nowMs: number, ttlMs: number): number;
  /** Whose presence in a room a sign of one member's session renews (A117; B92). */
  signRenews(): "the member" | "the whole room";
  /** Is a user gone from a room with this many sessions left? (A117; B94) */
  hasLeft(sessionsLeft: "some" | "none"): boolean;
  /** How long changes of a room's presence are collected, ms (I90; B96). */
  presenceWindowMs(configuredMs: number): number;
  /** Where changes of a room's presence are told (A44; B97). */
  presenceTopic(room: string): string;
  /** Are those told of whose presence ran out? (A117, I33; B95) */
  announcesExpiry(): boolean;
  /** A broadcast to this instance's clients. Healthy: now, each client takes it at its own pace (A63; B104). */
  fanOut(deliver: () => void, everyoneTook: () => Promise<void>): void;
}

export interface JoinSteps {
  /** Sends what was missed, in order, then calls `done` in the same turn in which nothing more is missing. */
  catchUp(done: () => void): void;
  goLive(): void;
}

export interface AnswerPaths {
  requester(): void;
  everyone(): void;
}

/** `delivered` to sessions somewhere, `buffered` for when there is one, or known already. */
export type Pushed = "delivered" | "buffered" | "duplicate";

/** Rejects when Redis does not confirm; repeating it later is safe. */
export type PushToUser = (event: UserEvent) => Promise<Pushed>;

/** One message for one user, on one of the user's queues. */
export interface UserEvent {
  readonly msgId: string;
  readonly user: string;
  /** `/queue/…`, without `/user`. */
  readonly queue: string;
  /** In the user's journal; 0 for what is not kept there. */
  readonly seq: number;
  /** JSON text. */
  readonly payload: string;
}

export interface PushPaths {
  readonly relay: PushToUser;
  /** To this instance's own sessions only. */
  readonly local: (event: UserEvent) => void;
}

export interface BufferSteps {
  /** Reads and removes it as one step. */
  take(): Promise<readonly Envelope[]>;
  read(): Promise<readonly Envelope[]>;
  remove(): Promise<void>;
}

export interface BufferLimits {
  readonly items: number;
  readonly ttlMs: number;
}

export interface StreamReaders {
  /** After the last entry that this instance had. */
  own(): Promise<StreamPages>;
  /** Only what is added from now on. */
  newest(): Promise<StreamPages>;
  /** As one of a group that shares the entries. */
  shared(): Promise<StreamPages>;
}

/** By stream, `[id, fields]` each, in order. */
export type StreamPages = readonly (readonly [
  stream: string,
  entries: readonly (readonly [string, readonly string[]])[],
])[];

export const healthyDelivery: DeliveryPolicies = {
  resumeAfter: (lastSeen) => lastSeen,
  tellsGap: () => true,
  joinLive: ({ catchUp, goLive }) => catchUp(goLive),
  replayedId: (id) => id,
  answerHistory: ({ requester }) => requester(),
  pushToUser: ({ relay }) => relay,
  keepsForOffline: () => true,
  keepsUntilTaken: () => true,
  onlineKey: (user, queue) => `ws:online:${user}${queue}`,
  takeBuffer: ({ take }) => take(),
  bufferLimits: (configured) => configured,
  fallsBackToStore: () => true,
  eventId: (ofKey, fresh) => ofKey ?? fresh(),
  receiptWindowMs: (configuredMs) => configuredMs,
  mayType: (sinceMs, everyMs) => sinceMs >= everyMs,
  readStream: ({ own }) => own(),
  orderingMode: (configured) => configured,
  forgetsIdleRoomQueue: () => true,
  roomLockLifeMs: (configuredMs) => configuredMs,
  presentUntilMs: (nowMs, ttlMs) => nowMs + ttlMs,
  signRenews: () => "the member",
  hasLeft: (sessionsLeft) => sessionsLeft === "none",
  presenceWindowMs: (configuredMs) => configuredMs,
  presenceTopic: (room) => `/topic/room.${room}.presence`,
  announcesExpiry: () => true,
  fanOut: (deliver) => deliver(),
};
