import type { IdentityPolicies } from "./identity-policies.ts";
import type { LimitPolicies } from "./limit-policies.ts";
import type { Metrics } from "./metrics.ts";
import type { Revocations, Subject } from "./revocations.ts";
import type { SessionSlots } from "./session-slots.ts";

/** What this file knows of a session. */
export interface OpenSession {
  readonly user: string;
  readonly tokenId: string | undefined;
  /** Its user or its token was banned: it ends now. */
  revoked(): void;
}

export interface UserSessionsOptions {
  readonly policies: Pick<IdentityPolicies & LimitPolicies, "banClosesSessions" | "takeSessionSlot">;
  readonly slots: SessionSlots;
  readonly metrics: Metrics;
}

/** The sessions of this instance by user: how many one may have (A31), and whom a ban ends (A27). */
export class UserSessions {
  readonly #options: UserSessionsOptions;
  readonly #sessions = new Map<string, Set<OpenSession>>();

  constructor(options: UserSessionsOptions) {
    this.#options = options;
  }

  /** False when the user has as many as allowed. Who was let in must leave again. */
  async enter(session: OpenSession): Promise<boolean> {
    const { policies, slots, metrics } = this.#options;
    const { user } = session;
    const taken = await policies.takeSessionSlot({
      everywhere: () => slots.takeEverywhere(user),
      here: () => slots.takeHere(user),
    });
    if (!taken) {
      metrics.rateLimited.inc({ scope: "sessions" });
      return false;
    }
    const sessions = this.#sessions.get(user) ?? new Set();
    this.#sessions.set(user, sessions);
    sessions.add(session);
    return true;
  }

  /** Leaving twice is fine. */
  leave(session: OpenSession): void {
    const sessions = this.#sessions.get(session.user);
    if (sessions === undefined || !sessions.delete(session)) return;
    if (sessions.size === 0) this.#sessions.delete(session.user);
    this.#options.slots.release(session.user);
  }

  /** Ends what the ban is about. A token's id says nothing of its user, so then all are looked through. */
  revoked(subject: Subject, revocations: Revocations): void {
    if (!this.#options.policies.banClosesSessions()) return;
    const concerned = subject.startsWith("user:")
      ? [this.#sessions.get(subject.slice("user:".length)) ?? []]
      : [...this.#sessions.values()];
    for (const sessions of concerned) {
      for (const session of [...sessions]) {
        if (revocations.isRevoked(session.user, session.tokenId)) session.revoked();
      }
    }
  }
}
