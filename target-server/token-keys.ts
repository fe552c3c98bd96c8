import { randomUUID } from "node:crypto";
import { SignJWT } from "jose/jwt/sign";
import type { Identity } from "./auth.ts";

/** One HS256 key. While keys rotate there are two: the newest signs, both verify (A28). */
export interface TokenKey {
  /** What a token names as its `kid`. */
  readonly id: string;
  readonly secret: string;
}

export interface TokenSettings {
  /** Newest first; never empty. */
  readonly keys: readonly TokenKey[];
  /** Asked of every token as its `aud`; undefined: not looked at. */
  readonly audience?: string | undefined;
  /** Life of a token made here, ms (15 min at most for a WebSocket token, A28). */
  readonly lifeMs: number;
}

/** The only algorithm, whatever a token's header asks for. */
export const ALGORITHM = "HS256";

/**
 * A new token for the same user. It keeps the old one's id, so that revoking one revokes all that came of it; its
 * `exp` has fractions of a second, because a compressed run has lives below one (I85).
 */
export async function mintToken(
  who: Pick<Identity, "user" | "tokenId" | "tiers">,
  settings: TokenSettings,
  nowMs: number,
): Promise<{ readonly token: string; readonly expiresAtMs: number }> {
  const [newest] = settings.keys;
  if (newest === undefined) throw new Error("there is no key to sign with");
  const expiresAtMs = nowMs + settings.lifeMs;
  const claims = {
    sub: who.user,
    jti: who.tokenId ?? randomUUID(),
    iat: Math.floor(nowMs / 1_000),
    exp: expiresAtMs / 1_000,
    ...(who.tiers === undefined ? {} : { tiers: who.tiers }),
    ...(settings.audience === undefined ? {} : { aud: settings.audience }),
  };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, kid: newest.id })
    .sign(new TextEncoder().encode(newest.secret));
  return { token, expiresAtMs };
}
