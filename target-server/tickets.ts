import { createHash, randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import type { Identity } from "./auth.ts";
import type { IdentityPolicies } from "./identity-policies.ts";

/** Beyond guessing. */
const TICKET_BYTES = 32;

/**
 * One-time tickets: what may stand in a URL that proxies log, because it is worth nothing once it was used (A18).
 * Redis keeps only their hash, and forgets it with the ticket.
 */
export class Tickets {
  readonly #redis: Redis;
  readonly #policies: IdentityPolicies;
  /** ms; the policy has the last word. */
  readonly lifeMs: number;

  constructor(redis: Redis, policies: IdentityPolicies, lifeMs: number) {
    this.#redis = redis;
    this.#policies = policies;
    this.lifeMs = lifeMs;
  }

  /** @throws when Redis does not answer. */
  async issue(who: Identity): Promise<string> {
    const ticket = randomBytes(TICKET_BYTES).toString("base64url");
    const lifeMs = Math.max(1, Math.round(this.#policies.ticketLifeMs(this.lifeMs)));
    await this.#redis.set(keyOf(ticket), JSON.stringify(who), "PX", lifeMs);
    return ticket;
  }

  /**
   * Undefined for a ticket that was never given, was used, or is too old.
   * @throws when Redis does not answer.
   */
  async redeem(ticket: string): Promise<Identity | undefined> {
    const key = keyOf(ticket);
    const text = await this.#policies.redeemTicket({
      take: async () => (await this.#redis.getdel(key)) ?? undefined,
      look: async () => (await this.#redis.get(key)) ?? undefined,
    });
    return text === undefined ? undefined : (JSON.parse(text) as Identity);
  }
}

function keyOf(ticket: string): string {
  return `ticket:${createHash("sha256").update(ticket).digest("base64url")}`;
}
