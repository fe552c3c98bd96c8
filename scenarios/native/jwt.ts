import { createHmac } from "node:crypto";
import { TOKEN_LIFE_S } from "../model/access.ts";

/** A JSON Web Token, HS256, with `sub`, `iat` and `exp`. */
export function signJwt(subject: string, secret: string, nowEpochMs: number): string {
  const iat = Math.floor(nowEpochMs / 1_000);
  const head = part({ alg: "HS256", typ: "JWT" });
  const claims = part({ sub: subject, iat, exp: iat + TOKEN_LIFE_S });
  const signature = createHmac("sha256", secret).update(`${head}.${claims}`).digest("base64url");
  return `${head}.${claims}.${signature}`;
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
