import { createHash, timingSafeEqual } from "node:crypto";
import type { Authenticate, Authenticated, Identity, VerifyToken } from "./auth.ts";
import { originIsAllowed } from "./origin.ts";
import { redact } from "./redact.ts";

/** Who is let in, how that is known, and for how long it stays true. */
export interface IdentityPolicies {
  /** May a page of this origin open a WebSocket? (A4, A5) */
  acceptOrigin(origin: string | undefined, rules: OriginRules): boolean;
  /** Whether a token is what it says. Healthy: by its signature, its key and its claims (A20). */
  trustToken(token: string, verify: VerifyToken): Promise<Authenticated>;
  /** Whose session a CONNECT opens (A20–A22). */
  identify(presented: Presented, authenticate: Authenticate): Promise<Authenticated>;
  /** May this frame be looked at? Before CONNECT, nothing but CONNECT (A20, A22). */
  mayPass(command: string, connected: boolean): boolean;
  /** Whose ticket this is. Healthy: taken out of the store by the same step that reads it (A18). */
  redeemTicket(steps: TicketSteps): Promise<string | undefined>;
  /** How long an unused ticket is good for, ms (I74). */
  ticketLifeMs(configuredMs: number): number;
  /** Is the identity that opened the session still good for this SEND? (A24) */
  tokenIsGood(expiresAtMs: number, nowMs: number, revoked: boolean): boolean;
  /** May someone with these segments in the token hear this one? `undefined`: segments are open to all (A45). */
  mayHearTier(tier: string, claimed: readonly string[] | undefined): boolean;
  /** When a session whose token has run out is closed, silent or not, in ms after `exp`; Infinity: never (A26). */
  closeAfterExpiryMs(graceMs: number, random: number): number;
  /** Are the open sessions of someone who was banned closed, so that they also receive nothing more? (A27) */
  banClosesSessions(): boolean;
  /** Who hears of a ban: every instance (A27). */
  announceBan(paths: BanPaths): Promise<void>;
  /** Until when a session lives after its token was refreshed (A25). */
  expiryAfterRefresh(oldExpiresAtMs: number, newExpiresAtMs: number): number;
  /** A handshake's target as it is logged: with nothing in it that lets somebody in (A29; B148). */
  loggedTarget(target: string): string;
  /** May this `Authorization` header use `/internal/…`? (B178) */
  mayUseInternal(authorization: string | undefined, token: string): boolean;
}

export interface OriginRules {
  readonly allowed: readonly string[];
  readonly required: boolean;
}

/** What a client has shown until its CONNECT. */
export interface Presented {
  /** From a ticket, cookie or token at the handshake; undefined where the handshake needs none. */
  readonly handshake: Identity | undefined;
  /** Of the CONNECT frame. */
  readonly authorization: string | undefined;
}

export interface TicketSteps {
  /** Reads and removes it as one step. */
  take(): Promise<string | undefined>;
  /** Only reads it. */
  look(): Promise<string | undefined>;
}

export interface BanPaths {
  /** On every instance: kept in Redis and told to all. */
  everywhere(): Promise<void>;
  /** On this instance only. */
  here(): void;
}

export const healthyIdentity: IdentityPolicies = {
  acceptOrigin: (origin, rules) =>
    origin === undefined ? !rules.required : originIsAllowed(origin, rules.allowed),
  trustToken: (token, verify) => verify(token),
  identify: async ({ handshake, authorization }, authenticate) => {
    if (authorization === undefined && handshake !== undefined) return { how: "user", ...handshake };
    const who = await authenticate(authorization);
    return who.how === "user" && handshake !== undefined && who.user !== handshake.user
      ? { how: "refused", reason: "user-mismatch" }
      : who;
  },
  mayPass: (command, connected) => connected || command === "CONNECT" || command === "STOMP",
  redeemTicket: ({ take }) => take(),
  ticketLifeMs: (configuredMs) => configuredMs,
  tokenIsGood: (expiresAtMs, nowMs, revoked) => !revoked && nowMs < expiresAtMs,
  mayHearTier: (tier, claimed) => claimed === undefined || claimed.includes(tier),
  // Spread over the grace: tokens that were issued together must not come back as one herd (I68, B152).
  closeAfterExpiryMs: (graceMs, random) => graceMs * random,
  banClosesSessions: () => true,
  announceBan: ({ everywhere }) => everywhere(),
  expiryAfterRefresh: (_old, renewed) => renewed,
  loggedTarget: redact,
  mayUseInternal: (authorization, token) =>
    token !== "" && authorization !== undefined && sameText(authorization, `Bearer ${token}`),
};

/** Takes the same time wherever the texts differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
