import { createHmac } from "node:crypto";
import { TOKEN_LIFE_S } from "../model/access.ts";

/** A JSON Web Token, HS256, with `sub`, `iat` and `exp`. */
export function signJwt(subject: string, secret: string, nowEpochMs: number): string {
  return signClaims({ sub: subject }, secret, nowEpochMs, TOKEN_LIFE_S * 1_000);
}

/** As `signJwt`, with claims of one's own; a life that is negative has ended. */
export function signClaims(
  claims: Readonly<Record<string, unknown>>,
  secret: string,
  nowEpochMs: number,
  lifeMs: number,
): string {
  const iat = Math.floor(nowEpochMs / 1_000);
  const exp = Math.floor((nowEpochMs + lifeMs) / 1_000);
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ iat, exp, ...claims })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
