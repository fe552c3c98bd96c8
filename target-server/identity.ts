import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import {
  type Authenticate,
  type Authenticated,
  bearerOnly,
  tokenVerifier,
  type VerifyToken,
} from "./auth.ts";
import type { Config } from "./config.ts";
import { type HandshakeIdentity, handshakeIdentity } from "./handshake-identity.ts";
import { createHandshakeRate } from "./handshake-rate.ts";
import type { Log } from "./log.ts";
import { type Membership, openRooms, RoomMembers } from "./membership.ts";
import type { Metrics } from "./metrics.ts";
import type { Policies } from "./policies.ts";
import { Revocations } from "./revocations.ts";
import type { SendLimits } from "./send-allowance.ts";
import { SessionSlots } from "./session-slots.ts";
import { connectSharedRedis } from "./shared-redis.ts";
import { Tickets } from "./tickets.ts";
import { UserSendRate } from "./user-send-rate.ts";
import { UserSessions } from "./user-sessions.ts";

/** Everything the server knows of who its clients are and how much they may do. */
export interface IdentityParts extends AsyncDisposable {
  readonly authenticate: Authenticate;
  readonly revocations: Revocations;
  readonly users: UserSessions;
  readonly tickets: Tickets;
  readonly sendLimits: SendLimits;
  readonly membership: Membership;
  /** Undefined: nothing to wait for, the CONNECT will say who it is. */
  handshake(request: IncomingMessage): Promise<HandshakeIdentity> | undefined;
  /** ms until this address may shake hands again; 0: now. */
  handshakeWaits(request: IncomingMessage): number;
  /** Undefined when Redis can be asked about users; else why not. The relay's connection may be back before it. */
  notReady(): string | undefined;
}

export interface IdentityOptions {
  readonly config: Config;
  readonly policies: Policies;
  readonly log: Log;
  readonly metrics: Metrics;
  isMember(user: string, room: string): Promise<boolean>;
}

export function createIdentity({ config, policies, log, metrics, isMember }: IdentityOptions): IdentityParts {
  const { limits } = config;
  const commands = connectSharedRedis("users", config.redis, log);
  const subscription = connectSharedRedis("users-subscription", config.redis, log);

  const verifier = tokenVerifier(config.tokens);
  const verify: VerifyToken = (token) => policies.trustToken(token, verifier);
  const revocations = new Revocations(commands, subscription, log, (subject) =>
    users.revoked(subject, revocations),
  );
  const slots = new SessionSlots({
    redis: commands,
    run: `${config.serverId}/${randomUUID()}`,
    max: limits.sessionsPerUserMax,
    lifeMs: Math.round(policies.slotLifeMs(limits.slotLifeMs)),
    log,
    countedAlone: () => metrics.countedAlone.inc({ what: "session" }),
  });
  const users: UserSessions = new UserSessions({ policies, slots, metrics });
  const tickets = new Tickets(commands, policies, config.ticketLifeMs);
  const handshakeOptions = { mode: config.auth, cookieName: config.sessionCookie, verify, tickets };

  return {
    authenticate: bearerOnly(verify),
    revocations,
    users,
    tickets,
    sendLimits: { policies, perSession: limits.sessionRate, perUser: userRate() },
    membership:
      config.roomAccess === "open" ? openRooms : new RoomMembers(config.membershipStaleMs, isMember),
    handshake: (request) => handshakeIdentity(request, handshakeOptions)?.then((who) => look(request, who)),
    handshakeWaits: createHandshakeRate({
      rate: limits.handshakeRate,
      trusted: config.trustedProxies,
      policies,
    }),
    notReady: () => (commands.status === "ready" ? undefined : `connection for users: ${commands.status}`),
    async [Symbol.asyncDispose]() {
      revocations.close();
      await slots.close();
      await Promise.all([commands[Symbol.asyncDispose](), subscription[Symbol.asyncDispose]()]);
    },
  };

  function look(request: IncomingMessage, who: HandshakeIdentity): HandshakeIdentity {
    const banned = who.how === "user" && revocations.isRevoked(who.identity.user, who.identity.tokenId);
    const seen: HandshakeIdentity = banned ? { how: "refused", reason: "banned" } : who;
    const details = {
      stage: "handshake",
      peer: request.socket.remoteAddress,
      target: policies.loggedTarget(request.url ?? ""),
    };
    if (seen.how === "refused") log.warn("identity refused", { ...details, reason: seen.reason });
    else log.debug("identity shown", details);
    return seen;
  }

  function userRate(): SendLimits["perUser"] {
    const rate = limits.userRate;
    if (rate === undefined) return undefined;
    const counter: UserSendRate = new UserSendRate(commands, policies.sendWindowScript, rate, (user) => {
      metrics.countedAlone.inc({ what: "send" });
      const excess = policies.spendWithoutRedis(() => {
        const retryAfterMs = counter.takeHere(user);
        return retryAfterMs === 0 ? undefined : { scope: "user", retryAfterMs, limit: "" };
      });
      return excess?.retryAfterMs ?? 0;
    });
    return { rate, counter };
  }
}

/** Of an HTTP request: as for a CONNECT, and not banned. */
export async function whoAsks(
  request: IncomingMessage,
  { authenticate, revocations }: Pick<IdentityParts, "authenticate" | "revocations">,
): Promise<Authenticated> {
  const who = await authenticate(request.headers.authorization);
  if (who.how === "refused") return who;
  return revocations.isRevoked(who.user, who.tokenId) ? { how: "refused", reason: "banned" } : who;
}
