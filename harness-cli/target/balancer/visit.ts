import { randomBytes } from "node:crypto";
import http from "node:http";
import type { Socket } from "node:net";
import type { Tunnel } from "../../../chaos/topology.ts";

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A GET on a connection of its own. Undefined without a whole answer in time. */
export function get(
  url: string,
  timeoutMs: number,
  headers: http.OutgoingHttpHeaders = {},
): Promise<Answer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
  const request = http.get(url, { agent: false, headers }, (response) => {
    let body = "";
    response.setEncoding("utf8").on("data", (piece: string) => {
      body += piece;
    });
    response.on("error", () => resolve(undefined));
    response.on("close", () => resolve(undefined));
    response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
  });
  request.on("upgrade", (response, socket) => {
    socket.destroy();
    resolve({ status: response.statusCode ?? 0, headers: response.headers, body: "" });
  });
  request.on("error", () => resolve(undefined));
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  return promise.finally(() => {
    clearTimeout(timer);
    request.destroy();
  });
}

/** What a browser sends to open a WebSocket. */
export function handshakeHeaders(): http.OutgoingHttpHeaders {
  return {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
  };
}

/** Opens a WebSocket and says nothing on it; a refusal is a tunnel that has a status and is over. */
export function openTunnel(url: string, timeoutMs: number): Promise<Tunnel> {
  const { promise, resolve } = Promise.withResolvers<Tunnel>();
  const request = http.get(url, { agent: false, headers: handshakeHeaders() });
  let isOpen = false;
  const refused = (status: number | undefined) => {
    if (isOpen) return;
    resolve({ status, endedAfterMs: () => 0, ageMs: () => 0, [Symbol.dispose]: () => {} });
    request.destroy();
  };
  request.on("response", (response) => refused(response.statusCode));
  request.on("error", () => refused(undefined));
  request.on("upgrade", (response, socket: Socket) => {
    isOpen = true;
    const sinceMs = performance.now();
    const ageMs = () => performance.now() - sinceMs;
    let endedAfterMs: number | undefined;
    const ended = () => {
      endedAfterMs ??= ageMs();
      socket.destroy();
    };
    socket.on("error", ended).on("end", ended).on("close", ended).resume().unref();
    resolve({
      status: response.statusCode,
      endedAfterMs: () => endedAfterMs,
      ageMs,
      [Symbol.dispose]: () => socket.destroy(),
    });
  });
  const timer = setTimeout(() => refused(undefined), timeoutMs);
  return promise.finally(() => clearTimeout(timer));
}
