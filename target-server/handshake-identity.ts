import type { IncomingMessage } from "node:http";
import type { AuthFailure, Identity, VerifyToken } from "./auth.ts";
import type { Tickets } from "./tickets.ts";

/** Where the identity is shown: in CONNECT (I38), in the URL (A17), or in a cookie (A19). A ticket is good for all. */
export type AuthMode = "connect" | "query" | "cookie";
export const authModes: readonly AuthMode[] = ["connect", "query", "cookie"];

export type HandshakeIdentity =
  | { readonly how: "user"; readonly identity: Identity }
  /** The CONNECT frame will have to say it. */
  | { readonly how: "later" }
  | { readonly how: "refused"; readonly reason: AuthFailure }
  /** The ticket could not be looked up: not the client's fault. */
  | { readonly how: "unavailable" };

export interface HandshakeIdentityOptions {
  readonly mode: AuthMode;
  readonly cookieName: string;
  readonly verify: VerifyToken;
  readonly tickets: Tickets;
}

/** Undefined where nothing has to be looked up, so that such a handshake goes on in the same tick. */
export function handshakeIdentity(
  request: IncomingMessage,
  options: HandshakeIdentityOptions,
): Promise<HandshakeIdentity> | undefined {
  const query = queryOf(request);
  const ticket = query.get("ticket");
  if (ticket !== null) return byTicket(ticket, options.tickets);
  if (options.mode === "connect") return undefined;
  const token =
    options.mode === "query" ? query.get("token") : cookieOf(request.headers.cookie, options.cookieName);
  return byToken(token ?? "", options.verify);
}

async function byTicket(ticket: string, tickets: Tickets): Promise<HandshakeIdentity> {
  try {
    const identity = await tickets.redeem(ticket);
    return identity === undefined ? { how: "refused", reason: "bad-ticket" } : { how: "user", identity };
  } catch {
    return { how: "unavailable" };
  }
}

async function byToken(token: string, verify: VerifyToken): Promise<HandshakeIdentity> {
  if (token === "") return { how: "refused", reason: "missing" };
  const who = await verify(token);
  if (who.how === "refused") return who;
  const { how: _, ...identity } = who;
  return { how: "user", identity };
}

function queryOf(request: IncomingMessage): URLSearchParams {
  const [, query = ""] = (request.url ?? "").split("?", 2);
  return new URLSearchParams(query);
}

/** The first of that name, as RFC 6265 has browsers send the most specific first. */
function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(";") ?? []) {
    const [key = "", ...value] = pair.split("=");
    if (key.trim() === name) return value.join("=").trim();
  }
  return undefined;
}
