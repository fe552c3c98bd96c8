import type { Membership } from "./membership.ts";
import type { SendLimits } from "./send-allowance.ts";
import type { OpenSession } from "./user-sessions.ts";

/** What a session needs to know of who its client is and how much it may do; `identity.ts` puts it together. */
export interface SessionIdentity {
  /** In which a session ends whose token ran out, ms (A26, I74). */
  readonly tokenGraceMs: number;
  readonly sendLimits: SendLimits;
  readonly membership: Membership;
  /** `claims`: a segment is for those whose token names it (A45). */
  readonly tierAccess: "open" | "claims";
  /** By this instance's copy of the ban list: asked on every SEND (A24). */
  isRevoked(user: string, tokenId: string | undefined): boolean;
  /** False when the user has as many sessions as allowed (A31). */
  enter(session: OpenSession): Promise<boolean>;
  leave(session: OpenSession): void;
}
