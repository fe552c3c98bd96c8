import * as errors from "jose/errors";
import { jwtVerify } from "jose/jwt/verify";

export type Authenticated =
  | { readonly how: "user"; readonly user: string; readonly expiresAtMs: number }
  | { readonly how: "refused"; readonly reason: AuthFailure };

export type AuthFailure = "missing" | "malformed" | "bad-signature" | "expired" | "no-subject" | "not-valid";

export type Authenticate = (authorization: string | undefined) => Promise<Authenticated>;

/** Checks `Bearer <jwt>`: HS256 only (never the algorithm the token asks for), `exp` and `sub` required (A20). */
export function createAuthenticator(secret: string): Authenticate {
  const key = new TextEncoder().encode(secret);
  return async (authorization) => {
    if (authorization === undefined || authorization === "") return { how: "refused", reason: "missing" };
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]*)$/.exec(authorization)?.[1];
    if (token === undefined) return { how: "refused", reason: "malformed" };
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ["HS256"],
        requiredClaims: ["exp", "sub"],
      });
      if (typeof payload.sub !== "string" || payload.sub === "")
        return { how: "refused", reason: "no-subject" };
      return { how: "user", user: payload.sub, expiresAtMs: payload.exp! * 1_000 };
    } catch (error) {
      return { how: "refused", reason: failureOf(error) };
    }
  };
}

function failureOf(error: unknown): AuthFailure {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "bad-signature";
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === "sub" ? "no-subject" : "not-valid";
  if (error instanceof errors.JOSEAlgNotAllowed) return "bad-signature";
  return "malformed";
}
