import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import {
  type Admission,
  chooseSubProtocol,
  type HandshakeRefusal,
  refuseHandshake,
  TOO_MANY_CONNECTIONS,
} from "./admission.ts";
import type { Identity } from "./auth.ts";
import type { HandshakeIdentity } from "./handshake-identity.ts";
import type { Metrics } from "./metrics.ts";

const words: Readonly<Record<HandshakeRefusal["status"], string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  426: "Upgrade Required",
  429: "Too Many Requests",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};
const extraHeaders: Readonly<Partial<Record<HandshakeRefusal["status"], string>>> = {
  426: "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
  503: "Retry-After: 1\r\n",
};

/** Turns upgrade requests into WebSockets or plain HTTP refusals. */
export function guardUpgrades(
  http: Server,
  admission: Admission,
  messageBytesMax: number,
  metrics: Metrics,
  admit: (ws: WebSocket, socket: Socket, request: IncomingMessage, shown?: Identity) => void,
): void {
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: messageBytesMax,
    handleProtocols: (asked: Set<string>) => chooseSubProtocol(asked) ?? (false as const),
  };
  const webSockets = new WebSocketServer(options);

  function refuse(socket: Socket, refusal: HandshakeRefusal): void {
    metrics.handshakes.inc({ result: refusal.reason });
    metrics.connectionErrors.inc({ stage: "handshake" });
    const { status, reason, retryAfterMs } = refusal;
    if (status === 429) metrics.rateLimited.inc({ scope: "handshake" });
    if (status === 401) metrics.authFailures.inc({ stage: "handshake", reason });
    const retryAfter =
      retryAfterMs === undefined ? "" : `Retry-After: ${Math.ceil(retryAfterMs / 1_000)}\r\n`;
    const body = `${JSON.stringify({ reason })}\n`;
    socket.once("finish", () => socket.destroy());
    socket.end(
      `HTTP/1.1 ${status} ${words[status]}\r\nConnection: close\r\nX-Frame-Options: DENY\r\n` +
        `${extraHeaders[status] ?? ""}${retryAfter}Content-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }

  webSockets.on("wsClientError", (_error, socket) => {
    refuse(socket as Socket, { status: 400, reason: "bad-websocket-handshake" });
  });
  http.on("upgrade", (request: IncomingMessage, duplex, head) => {
    // An HTTP server's upgrade always hands over the TCP socket itself.
    const socket = duplex as Socket;
    socket.on("error", () => socket.destroy());
    const refusal = refuseHandshake(request, admission);
    if (refusal?.reason === TOO_MANY_CONNECTIONS) {
      return admission.policies.whenFull(() => refuse(socket, refusal));
    }
    if (refusal !== undefined) return refuse(socket, refusal);
    const identity = admission.handshake(request);
    if (identity === undefined) upgrade(request, socket, head);
    else void identity.then((shown) => upgradeAs(shown, request, socket, head));
  });

  function upgrade(request: IncomingMessage, socket: Socket, head: Buffer, shown?: Identity): void {
    webSockets.handleUpgrade(request, socket, head, (ws) => {
      metrics.handshakes.inc({ result: "accepted" });
      admit(ws, socket, request, shown);
    });
  }

  function upgradeAs(who: HandshakeIdentity, request: IncomingMessage, socket: Socket, head: Buffer): void {
    const refusal = refuseIdentity(who);
    if (refusal === undefined) upgrade(request, socket, head, who.how === "user" ? who.identity : undefined);
    else if (refusal.reason !== TOO_MANY_CONNECTIONS) refuse(socket, refusal);
    else admission.policies.whenFull(() => refuse(socket, refusal));
  }

  function refuseIdentity(who: HandshakeIdentity): HandshakeRefusal | undefined {
    if (who.how === "refused") return { status: 401, reason: who.reason };
    if (who.how === "unavailable") return { status: 503, reason: "tickets-unavailable" };
    // Looking it up took a while, in which others came in.
    const state = admission.state();
    if (state !== "serving") return { status: 503, reason: state };
    const full = admission.connections() >= admission.config.connectionsMax;
    return full ? { status: 503, reason: TOO_MANY_CONNECTIONS } : undefined;
  }
}
