import crypto from "k6/crypto";
import encoding from "k6/encoding";
import { TOKEN_LIFE_S } from "../model/access.ts";

/** A JSON Web Token, HS256, with `sub`, `iat` and `exp`. */
export function signJwt(subject: string, secret: string, nowEpochMs: number): string {
  const iat = Math.floor(nowEpochMs / 1_000);
  const head = part({ alg: "HS256", typ: "JWT" });
  const claims = part({ sub: subject, iat, exp: iat + TOKEN_LIFE_S });
  const signature = crypto.hmac("sha256", secret, `${head}.${claims}`, "base64rawurl");
  return `${head}.${claims}.${signature}`;
}

function part(value: unknown): string {
  return encoding.b64encode(JSON.stringify(value), "rawurl");
}
