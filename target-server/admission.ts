import type { IncomingMessage } from "node:http";
import type { Config } from "./config.ts";
import type { HandshakeIdentity } from "./handshake-identity.ts";
import type { Policies } from "./policies.ts";
import { isSockJsWebSocket, sockJsAddress, sockJsPrefix } from "./sockjs/address.ts";

/** Best first (A3). A client that asks for none is served by its CONNECT's accept-version alone. */
export const subProtocols: readonly string[] = ["v12.stomp", "v11.stomp", "v10.stomp"];

export const TOO_MANY_CONNECTIONS = "too-many-connections";
export const TOO_MANY_HANDSHAKES = "too-many-handshakes";

/** Statuses differ by cause, so that a refusal by this server is never taken for a fault of a proxy (A7). */
export interface HandshakeRefusal {
  readonly status: 400 | 401 | 403 | 404 | 426 | 429 | 503 | 505;
  readonly reason: string;
  /** With 429. */
  readonly retryAfterMs?: number;
}

export interface Admission {
  readonly policies: Policies;
  readonly config: Pick<Config, "allowedOrigins" | "requireOrigin" | "connectionsMax" | "webSocketPaths">;
  state(): "starting" | "serving" | "draining";
  connections(): number;
  /** ms until this address may try again; 0: now (A8). */
  handshakeWaits(request: IncomingMessage): number;
  /** Who it is, where the handshake says so; undefined: nothing to wait for. */
  handshake(request: IncomingMessage): Promise<HandshakeIdentity> | undefined;
}

/** Cheapest first, and all of it before 101. Undefined: let it in. */
export function refuseHandshake(
  request: IncomingMessage,
  admission: Admission,
): HandshakeRefusal | undefined {
  const { headers } = request;
  if (!isWebSocketPath(pathOf(request), admission)) return { status: 404, reason: "not-found" };
  const refusal = refuseEntry(request, admission);
  if (refusal !== undefined) return refusal;
  // RFC 6455, 4.2.1: HTTP/1.1 or higher. A proxy that speaks less may not let the connection live either (E34, B180).
  if (request.httpVersion === "1.0") return { status: 505, reason: "http-1.0" };
  if (headers.upgrade?.toLowerCase() !== "websocket")
    return { status: 400, reason: "not-a-websocket-upgrade" };
  if (headers["sec-websocket-version"] !== "13") return { status: 426, reason: "websocket-version" };
  const asked = headers["sec-websocket-protocol"];
  if (asked !== undefined && chooseSubProtocol(asked.split(",").map((name) => name.trim())) === undefined) {
    return { status: 400, reason: "no-common-sub-protocol" };
  }
  return undefined;
}

/** What every new client must pass, whichever transport it comes by. */
export function refuseEntry(request: IncomingMessage, admission: Admission): HandshakeRefusal | undefined {
  const { config, policies } = admission;
  const state = admission.state();
  if (state !== "serving") return { status: 503, reason: state };
  const retryAfterMs = admission.handshakeWaits(request);
  if (retryAfterMs > 0) return { status: 429, reason: TOO_MANY_HANDSHAKES, retryAfterMs };
  if (admission.connections() >= config.connectionsMax) return { status: 503, reason: TOO_MANY_CONNECTIONS };
  const rules = { allowed: config.allowedOrigins, required: config.requireOrigin };
  if (!policies.acceptOrigin(request.headers.origin, rules))
    return { status: 403, reason: "origin-not-allowed" };
  return undefined;
}

function isWebSocketPath(path: string, { config, policies }: Admission): boolean {
  if (config.webSocketPaths.includes(path)) return true;
  if (sockJsAddress(path, sockJsPrefix(config.webSocketPaths))?.kind === "raw-websocket") return true;
  return isSockJsWebSocket(path, config.webSocketPaths) && policies.mayFallBack("websocket");
}

export function chooseSubProtocol(asked: Iterable<string>): string | undefined {
  const offered = new Set(asked);
  return subProtocols.find((name) => offered.has(name));
}

/** Without the query, which may hold a token (A29). */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0]!;
}
