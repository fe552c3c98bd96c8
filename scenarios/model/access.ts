import type { LoadAccess } from "./load-config.ts";

/** Longer than any run; the seeds' own example lives an hour (A28). */
export const TOKEN_LIFE_S = 3_600;

/** The credentials of one CONNECT. `sign` makes a JSON Web Token, HS256, of this subject. */
export function connectHeaders(
  access: LoadAccess,
  user: string,
  sign: (subject: string, secret: string) => string,
): Record<string, string> {
  if (access.kind === "jwt") return { Authorization: `Bearer ${sign(user, access.secret)}` };
  return Object.fromEntries(
    Object.entries(access.headers).map(([name, value]) => [name, value.replaceAll("{user}", user)]),
  );
}
