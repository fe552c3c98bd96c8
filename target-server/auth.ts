import * as errors from "jose/errors";
import { jwtVerify } from "jose/jwt/verify";
import { ALGORITHM, type TokenSettings } from "./token-keys.ts";

/** Whom a good token names. */
export interface Identity {
  readonly user: string;
  readonly expiresAtMs: number;
  /** The token's `jti`: what it can be revoked by, apart from its user. */
  readonly tokenId?: string;
  /** Segments of users that the token's claim `tiers` puts this one into (A45). */
  readonly tiers?: readonly string[];
}

export type Authenticated =
  | ({ readonly how: "user" } & Identity)
  | { readonly how: "refused"; readonly reason: AuthFailure };

export type AuthFailure =
  | "missing"
  | "malformed"
  | "bad-signature"
  | "unknown-key"
  | "expired"
  | "no-subject"
  | "not-valid"
  /** The CONNECT names another user than the handshake did (A21). */
  | "user-mismatch"
  | "banned"
  /** The ticket is unknown, used or too old: nobody can tell which (A18). */
  | "bad-ticket";

/** Of an `Authorization` header. */
export type Authenticate = (authorization: string | undefined) => Promise<Authenticated>;

/** Of a bare token. */
export type VerifyToken = (token: string) => Promise<Authenticated>;

const USER_CHARACTERS_MAX = 128;
const TIERS_MAX = 100;

/** `Bearer <token>`, and nothing else (A20). */
export function bearerOnly(verify: VerifyToken): Authenticate {
  return async (authorization) => {
    if (authorization === undefined || authorization === "") return refused("missing");
    const token = /^Bearer ([\w.-]+)$/.exec(authorization)?.[1];
    return token === undefined ? refused("malformed") : verify(token);
  };
}

/**
 * HS256 only (never the algorithm the token asks for), `exp` and `sub` required (A20). A token that names its key is
 * held to that key; one that names none may be of any key in rotation (A28).
 */
export function tokenVerifier(settings: TokenSettings): VerifyToken {
  const keys = settings.keys.map(({ id, secret }) => ({ id, key: new TextEncoder().encode(secret) }));
  const options = {
    algorithms: [ALGORITHM],
    requiredClaims: ["exp", "sub"],
    ...(settings.audience === undefined ? {} : { audience: settings.audience }),
  };
  return async (token) => {
    if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) return refused("malformed");
    const named = keyIdOf(token);
    const candidates = named === undefined ? keys : keys.filter(({ id }) => id === named);
    let failure: AuthFailure = "unknown-key";
    for (const { key } of candidates) {
      try {
        const { sub, exp, jti, tiers } = (await jwtVerify(token, key, options)).payload;
        if (typeof sub !== "string" || !isUserName(sub)) return refused("no-subject");
        return {
          ...{ how: "user", user: sub, expiresAtMs: exp! * 1_000 },
          ...(typeof jti === "string" && jti !== "" ? { tokenId: jti } : {}),
          ...(isListOfTiers(tiers) ? { tiers } : {}),
        };
      } catch (error) {
        failure = failureOf(error);
        if (failure !== "bad-signature") return refused(failure);
      }
    }
    return refused(failure);
  };
}

/** What names a user in keys of Redis and in destinations: no control characters, no separators, bounded. */
export function isUserName(subject: string): boolean {
  return subject.length <= USER_CHARACTERS_MAX && /^[^\s/\p{Cc}]+$/u.test(subject);
}

/** A claim of another shape puts its user into no segment. */
function isListOfTiers(claim: unknown): claim is string[] {
  return Array.isArray(claim) && claim.length <= TIERS_MAX && claim.every((tier) => typeof tier === "string");
}

function refused(reason: AuthFailure): Authenticated {
  return { how: "refused", reason };
}

/** Only to choose the key with; whether the header is true, the signature tells. */
function keyIdOf(token: string): string | undefined {
  try {
    const header: unknown = JSON.parse(
      Buffer.from(token.split(".", 1)[0] ?? "", "base64url").toString("utf8"),
    );
    const kid = (header as { kid?: unknown } | null)?.kid;
    return typeof kid === "string" ? kid : undefined;
  } catch {
    return undefined;
  }
}

function failureOf(error: unknown): AuthFailure {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "bad-signature";
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === "sub" ? "no-subject" : "not-valid";
  if (error instanceof errors.JOSEAlgNotAllowed) return "bad-signature";
  return "malformed";
}
