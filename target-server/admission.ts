import type { IncomingMessage } from "node:http";
import type { Config } from "./config.ts";
import type { Policies } from "./policies.ts";

/** Where clients connect; the second is an alias that one of the sources uses (A2). */
export const webSocketPaths: readonly string[] = ["/ws", "/ws/notifications"];
/** Best first (A3). A client that asks for none is served by its CONNECT's accept-version alone. */
export const subProtocols: readonly string[] = ["v12.stomp", "v11.stomp", "v10.stomp"];

/** Statuses differ by cause, so that a refusal by this server is never taken for a fault of a proxy (A7). */
export interface HandshakeRefusal {
  readonly status: 400 | 403 | 404 | 426 | 503;
  readonly reason: string;
}

export interface Admission {
  readonly policies: Policies;
  readonly config: Pick<Config, "allowedOrigins" | "requireOrigin" | "connectionsMax">;
  state(): "starting" | "serving" | "draining";
  connections(): number;
}

/** Cheapest first, and all of it before 101. Undefined: let it in. */
export function refuseHandshake(
  request: IncomingMessage,
  admission: Admission,
): HandshakeRefusal | undefined {
  const { config, policies } = admission;
  const { headers } = request;
  if (!webSocketPaths.includes(pathOf(request))) return { status: 404, reason: "not-found" };
  const state = admission.state();
  if (state !== "serving") return { status: 503, reason: state };
  if (admission.connections() >= config.connectionsMax)
    return { status: 503, reason: "too-many-connections" };
  const rules = { allowed: config.allowedOrigins, required: config.requireOrigin };
  if (!policies.acceptOrigin(headers.origin, rules)) return { status: 403, reason: "origin-not-allowed" };
  if (headers.upgrade?.toLowerCase() !== "websocket")
    return { status: 400, reason: "not-a-websocket-upgrade" };
  if (headers["sec-websocket-version"] !== "13") return { status: 426, reason: "websocket-version" };
  const asked = headers["sec-websocket-protocol"];
  if (asked !== undefined && chooseSubProtocol(asked.split(",").map((name) => name.trim())) === undefined) {
    return { status: 400, reason: "no-common-sub-protocol" };
  }
  return undefined;
}

export function chooseSubProtocol(asked: Iterable<string>): string | undefined {
  const offered = new Set(asked);
  return subProtocols.find((name) => offered.has(name));
}

/** Without the query, which may hold a token (A29). */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0]!;
}
