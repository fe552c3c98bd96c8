import { slidingWindowScript } from "./sliding-window-script.ts";

/** How much one user, session or address may do. */
export interface LimitPolicies {
  /** Does this SEND count? Acknowledgements do not: they follow from what others say (I29). */
  countsAsSend(destination: string): boolean;
  /** May this SEND pass? Healthy: by the session's own window, then by the user's, which all instances share (A69). */
  spendSend(scopes: SendScopes): Spent | Promise<Spent>;
  /** The step in Redis that counts a user's SENDs: a true sliding window, and no key without an end (I31). */
  readonly sendWindowScript: string;
  /** While Redis cannot be asked: neither everybody refused nor no limit at all (B158). */
  spendWithoutRedis(here: () => Spent): Spent;
  /** The nth refused SEND in a row: said to the client, or the end of its session (A70, I75). */
  afterExcess(strikes: number, strikesMax: number): "tell" | "close";
  /** May this user open one more session? Healthy: counted over all instances (A31). */
  takeSessionSlot(scopes: SlotScopes): Promise<boolean>;
  /** How long an instance that no longer says it lives keeps its users' slots, ms (B163). */
  slotLifeMs(configuredMs: number): number;
  /** How many messages may wait for the store; what is more is refused at once (A72, A74; B115). */
  persistCapacity(configured: number): number;
  /** May this address shake hands once more? (A8) */
  mayShakeHands(allow: () => boolean): boolean;
  /** Which address a handshake comes from. Healthy: only what a trusted proxy says is believed (B166). */
  clientAddress(seen: SeenAddress): string;
}

/** Undefined: it may pass. */
export type Spent = Excess | undefined;

export interface Excess {
  readonly scope: "session" | "user";
  /** ms until one more will be let through. */
  readonly retryAfterMs: number;
  /** Names the limit, as the client reads it (A48). */
  readonly limit: string;
}

export interface SendScopes {
  /** This session's own. */
  session(): Spent;
  /** All of the user's sessions on all instances. */
  user(): Promise<Spent> | Spent;
  /** All of the user's sessions on this instance. */
  userHere(): Spent;
}

export interface SlotScopes {
  /** Counted over all instances that live. */
  everywhere(): Promise<boolean>;
  /** Counted on this instance. */
  here(): boolean;
}

export interface SeenAddress {
  /** The other end of the TCP connection. */
  readonly peer: string;
  /** `X-Forwarded-For`, nearest last. */
  readonly forwarded: readonly string[];
  isTrusted(address: string): boolean;
}

/** What answers to a message others wrote, rather than saying something. */
const acknowledgements = ["/app/message.ack/", "/app/message.read/"];

export const healthyLimits: LimitPolicies = {
  countsAsSend: (destination) => !acknowledgements.some((prefix) => destination.startsWith(prefix)),
  spendSend: ({ session, user }) => session() ?? user(),
  sendWindowScript: slidingWindowScript,
  spendWithoutRedis: (here) => here(),
  afterExcess: (strikes, strikesMax) => (strikes > strikesMax ? "close" : "tell"),
  takeSessionSlot: ({ everywhere }) => everywhere(),
  slotLifeMs: (configuredMs) => configuredMs,
  persistCapacity: (configured) => configured,
  mayShakeHands: (allow) => allow(),
  // The nearest address that is no proxy of ours: what stands before it, the client may have written itself.
  clientAddress: ({ peer, forwarded, isTrusted }) =>
    [...forwarded, peer].reverse().find((address) => !isTrusted(address)) ?? peer,
};
