import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { type Admission, chooseSubProtocol, type HandshakeRefusal, refuseHandshake } from "./admission.ts";
import type { Metrics } from "./metrics.ts";

const words: Readonly<Record<HandshakeRefusal["status"], string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  426: "Upgrade Required",
  503: "Service Unavailable",
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
  admit: (ws: WebSocket, socket: Socket) => void,
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
    const { status, reason } = refusal;
    const body = `${JSON.stringify({ reason })}\n`;
    socket.once("finish", () => socket.destroy());
    socket.end(
      `HTTP/1.1 ${status} ${words[status]}\r\nConnection: close\r\nX-Frame-Options: DENY\r\n` +
        `${extraHeaders[status] ?? ""}Content-Type: application/json\r\n` +
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
    if (refusal !== undefined) return refuse(socket, refusal);
    webSockets.handleUpgrade(request, socket, head, (ws) => {
      metrics.handshakes.inc({ result: "accepted" });
      admit(ws, socket);
    });
  });
}
