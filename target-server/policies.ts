import type { EvictionLimits } from "./config.ts";
import { type DeliveryPolicies, healthyDelivery } from "./delivery-policies.ts";
import type { Subscribable } from "./destinations.ts";
import { type HealthPolicies, healthyHealth } from "./health-policies.ts";
import { healthyIdentity, type IdentityPolicies } from "./identity-policies.ts";
import { healthyInput, type InputPolicies } from "./input-policies.ts";
import { healthyLimits, type LimitPolicies } from "./limit-policies.ts";
import type { Membership } from "./membership.ts";
import type { ChatMessage } from "./message.ts";
import { healthyPassage, type PassagePolicies } from "./passage-policies.ts";
import { healthyProtocol, type ProtocolPolicies } from "./protocol-policies.ts";

/**
 * Every decision that a server can get wrong, one small strategy each. The server asks them and holds no decision of
 * its own, so a defect is a record with one strategy exchanged, and the healthy server knows nothing of defects.
 */
export interface Policies
  extends ProtocolPolicies,
    DeliveryPolicies,
    HealthPolicies,
    IdentityPolicies,
    InputPolicies,
    LimitPolicies,
    PassagePolicies {
  /** What belongs to a room is for its members; everything not listed is denied (A32, I78). */
  maySubscribe(user: string, destination: Subscribable, membership: Membership): boolean | Promise<boolean>;
  maySend(user: string, room: string, membership: Membership): boolean | Promise<boolean>;
  /** Nothing heard for `silentMs` where a sign of life was due every `everyMs` (A54). */
  peerIsDead(silentMs: number, everyMs: number): boolean;
  /** Why a client that does not read must go; undefined while it may stay (A63–A65). */
  evict(waiting: Waiting, limits: EvictionLimits): EvictionReason | undefined;
  /** In which order a message is stored and told to others (A79). */
  accept<M>(message: M, steps: AcceptSteps<M>): Promise<Persisted>;
  /** Whom a broadcast reaches: through the relay every instance's subscribers (A90, A93). */
  broadcast(paths: BroadcastPaths): Publish;
  /** What a planned stop looks like to the clients (A121–A125). */
  stop(steps: StopSteps): Promise<void>;
  /** What of the metrics, in Prometheus text, the outside may see (A130, A131). */
  exposeMetrics(page: string): string;
  /** Does this close end the connection's place in the gauge? (D41) */
  leavesTheGauge(code: number): boolean;
  /** Does a CONNECT with this `connect-attempt` count as a reconnection? (D53) */
  isReconnection(attempt: string | undefined): boolean;
}

/** What waits in the server for one client. */
export interface Waiting {
  readonly depth: number;
  readonly bytes: number;
  /** Age of the oldest, or how long the socket has taken nothing. */
  readonly ageMs: number;
}

export type EvictionReason = "depth" | "bytes" | "age";

/** An unanswered INSERT is not a failed one: `unknown` may have been committed. */
export type Persisted =
  | { readonly how: "stored" }
  /** The same client message id was stored before (A144). */
  | { readonly how: "duplicate" }
  | { readonly how: "rejected"; readonly reason: string }
  | { readonly how: "unknown"; readonly reason: string };

export interface AcceptSteps<M = ChatMessage> {
  persist(message: M): Promise<Persisted>;
  /** Hands it to the outbox: it will be published, in this order, whenever the relay can. */
  broadcast(message: M): void;
}

/**
 * Gives the message its room sequence and makes it reach subscribers. Rejects when that cannot be confirmed, or when
 * the room's lock is not that of `fence` any more (A105).
 */
export type Publish = (message: ChatMessage, fence?: number) => Promise<number>;

export interface BroadcastPaths {
  readonly relay: Publish;
  /** To this instance's own subscribers only. */
  readonly local: (message: ChatMessage, seq: number) => void;
}

export interface StopSteps {
  /** Tells this instance's clients, and no one else's, that it is going (A122, A125). */
  notice(): void;
  /** Tells every instance's clients, through the relay. */
  noticeToAll(): Promise<void>;
  /**
   * Closes every client with 1012, after its answers, at a random time of this share (0 to 1, healthy 1) of what the
   * notice announced (A124).
   */
  closeInWaves(share?: number): Promise<void>;
  /** Publishes what is stored and not yet published, and lets go of the stores. */
  flush(): Promise<void>;
  /** Destroys every socket without a close frame. */
  cutAll(): void;
}

/** Close the link after 1.5 intervals of silence: 37.5 s at 25 s (A54, I3). */
const MISS_TOLERANCE = 1.5;

export const healthy: Policies = {
  ...healthyIdentity,
  ...healthyInput,
  ...healthyLimits,
  ...healthyProtocol,
  ...healthyDelivery,
  ...healthyHealth,
  ...healthyPassage,
  maySubscribe: (user, destination, membership) =>
    "room" in destination
      ? membership.isMember(user, destination.room)
      : ["server-events", "announcements", "tier", "user-queue"].includes(destination.kind),
  maySend: (user, room, membership) => membership.isMember(user, room),
  peerIsDead: (silentMs, everyMs) => silentMs > everyMs * MISS_TOLERANCE,
  evict: (waiting, limits) => {
    if (waiting.depth > limits.depth) return "depth";
    // One alone is as large as the server made it, and says nothing about who reads it.
    if (waiting.depth > 1 && waiting.bytes > limits.bytes) return "bytes";
    return waiting.ageMs > limits.ageMs ? "age" : undefined;
  },
  accept: async (message, steps) => {
    const persisted = await steps.persist(message);
    if (persisted.how === "stored") steps.broadcast(message);
    return persisted;
  },
  broadcast: ({ relay }) => relay,
  stop: async ({ notice, closeInWaves, flush }) => {
    notice();
    await closeInWaves();
    await flush();
  },
  exposeMetrics: (page) => page,
  leavesTheGauge: () => true,
  isReconnection: (attempt) => Number(attempt ?? 0) > 0,
};
