import type { FallbackTransport } from "../protocol-policies.ts";

/** What a path below the SockJS prefix means, by the SockJS protocol 0.3.3. */
export type SockJsAddress =
  | { readonly kind: "greeting" | "info" }
  /** A WebSocket without SockJS's own framing. */
  | { readonly kind: "raw-websocket" }
  | { readonly kind: "receive"; readonly session: string; readonly transport: FallbackTransport }
  | { readonly kind: "send"; readonly session: string };

/** `/{server}/{session}/{transport}`: three digits that a load balancer may use, an id chosen by the client. */
const sessionPath = /^\/[^/.]{1,64}\/([\w-]{1,64})\/(websocket|xhr_streaming|xhr|xhr_send)$/;

/** SockJS is below the first of the WebSocket's paths. */
export function sockJsPrefix(webSocketPaths: readonly string[]): string {
  return `${webSocketPaths[0]}/sockjs`;
}

export function isSockJsPath(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

export function isSockJsWebSocket(path: string, webSocketPaths: readonly string[]): boolean {
  const address = sockJsAddress(path, sockJsPrefix(webSocketPaths));
  return address?.kind === "receive" && address.transport === "websocket";
}

/** Undefined where there is nothing. */
export function sockJsAddress(path: string, prefix: string): SockJsAddress | undefined {
  if (!isSockJsPath(path, prefix)) return undefined;
  const rest = path.slice(prefix.length);
  if (rest === "" || rest === "/") return { kind: "greeting" };
  if (rest === "/info") return { kind: "info" };
  if (rest === "/websocket") return { kind: "raw-websocket" };
  const [, session, transport] = sessionPath.exec(rest) ?? [];
  if (session === undefined) return undefined;
  if (transport === "xhr_send") return { kind: "send", session };
  return { kind: "receive", session, transport: transport as FallbackTransport };
}
