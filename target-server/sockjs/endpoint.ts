import { randomInt } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Admission, pathOf, refuseEntry } from "../admission.ts";
import type { Identity } from "../auth.ts";
import { decodeUtf8 } from "../stomp/utf8.ts";
import { isSockJsPath, type SockJsAddress, sockJsAddress, sockJsPrefix } from "./address.ts";
import { parseMessages } from "./text.ts";
import { XhrSession, type XhrTimes } from "./xhr-session.ts";

export interface SockJsOptions {
  readonly admission: Admission;
  readonly times: XhrTimes;
  /** Of one request that sends: what a WebSocket message may have. */
  readonly bytesMax: number;
  /** Takes a new session in, like a WebSocket. */
  admit(session: XhrSession, shown: Identity | undefined): void;
  /** Counts what happened to a request for a new session: `accepted`, or why not. */
  handshake(result: string): void;
}

const A_YEAR_S = 31_536_000;

/**
 * The HTTP side of SockJS 0.3.3: greeting, /info, and the transports xhr_streaming and xhr, for clients that no
 * WebSocket reaches (A15). Sessions live in this instance: what balances the load must send a session's requests to
 * the same one, by cookie or by path.
 *
 * Returns a handler that answers true when the request was its own.
 */
export function createSockJs(options: SockJsOptions) {
  const { admission } = options;
  const prefix = sockJsPrefix(admission.config.webSocketPaths);
  const sessions = new Map<string, XhrSession>();

  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const path = pathOf(request);
    if (!isSockJsPath(path, prefix)) return false;
    const address = sockJsAddress(path, prefix);
    if (address === undefined) refuse(response, 404, "not-found");
    else if (!mayRead(request)) refuse(response, 403, "origin-not-allowed");
    else answer(address, request, response);
    return true;
  };

  function answer(address: SockJsAddress, request: IncomingMessage, response: ServerResponse) {
    allowOrigin(request, response);
    if (request.method === "OPTIONS") return preflight(address, request, response);
    switch (address.kind) {
      case "greeting":
        return get(request, response, "text/plain; charset=UTF-8", () => "Welcome to SockJS!\n");
      case "info":
        return get(request, response, "application/json; charset=UTF-8", info);
      case "raw-websocket":
        return upgradeRequired(response);
      case "receive":
        if (address.transport === "websocket") return upgradeRequired(response);
        if (request.method !== "POST") return refuse(response, 405, "method-not-allowed");
        return receive(address.session, address.transport, request, response);
      case "send":
        if (request.method !== "POST") return refuse(response, 405, "method-not-allowed");
        return send(address.session, request, response);
    }
  }

  function receive(
    id: string,
    transport: "xhr" | "xhr_streaming",
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    request.resume();
    const streams = transport === "xhr_streaming";
    const session = sessions.get(id);
    if (session !== undefined) return receiveOn(session, response, streams);
    if (!admission.policies.mayFallBack(transport)) return refuse(response, 404, "no-such-transport");
    const refusal = refuseEntry(request, admission);
    if (refusal !== undefined) return refuseNew(response, refusal.status, refusal.reason);
    const identity = admission.handshake(request);
    if (identity === undefined) return receiveOn(open(id), response, streams);
    void identity.then((shown) => {
      if (shown.how === "refused") return refuseNew(response, 401, shown.reason);
      if (shown.how === "unavailable") return refuseNew(response, 503, "tickets-unavailable");
      // Looking it up took a while, in which others came in, or the client was impatient.
      if (admission.state() !== "serving") return refuseNew(response, 503, admission.state());
      const known = sessions.get(id) ?? open(id, shown.how === "user" ? shown.identity : undefined);
      receiveOn(known, response, streams);
    });
  }

  function receiveOn(session: XhrSession, response: ServerResponse, streams: boolean) {
    if (response.destroyed) return;
    response.writeHead(200, { "content-type": "application/javascript; charset=UTF-8" });
    session.receiveOn(response, streams);
  }

  function refuseNew(response: ServerResponse, status: number, reason: string) {
    options.handshake(reason);
    refuse(response, status, reason);
  }

  function open(id: string, shown?: Identity): XhrSession {
    options.handshake("accepted");
    const session = new XhrSession(options.times);
    sessions.set(id, session);
    // What is over stays known for a moment: a request on its way gets the goodbye, not a new session.
    session.on("close", () => {
      setTimeout(() => sessions.delete(id), options.times.disconnectDelayMs).unref();
    });
    options.admit(session, shown);
    return session;
  }

  function send(id: string, request: IncomingMessage, response: ServerResponse) {
    const session = sessions.get(id);
    if (session === undefined || session.over) return refuse(response, 404, "no-such-session");
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= options.bytesMax) {
        chunks.push(chunk);
      } else if (!response.headersSent) {
        refuse(response, 413, "too-much-for-one-message");
        session.hearTooMuch();
      }
    });
    request.on("end", () => {
      if (bytes > options.bytesMax) return;
      if (bytes === 0) return refuse(response, 400, "payload-expected");
      const text = decodeUtf8(Buffer.concat(chunks)) ?? "";
      const messages = parseMessages(text);
      if (messages === undefined) return refuse(response, 400, "broken-json");
      response.writeHead(204, { "content-type": "text/plain; charset=UTF-8" }).end();
      session.hear(messages);
    });
  }

  /** A page reads its own site without an Origin; whatever comes with one must be on the list (A4). */
  function mayRead(request: IncomingMessage): boolean {
    const { origin } = request.headers;
    const { policies, config } = admission;
    return (
      origin === undefined ||
      policies.acceptOrigin(origin, { allowed: config.allowedOrigins, required: config.requireOrigin })
    );
  }

  function info(): string {
    return JSON.stringify({
      websocket: admission.policies.mayFallBack("websocket"),
      // So that the browser sends the load balancer's cookie along: sessions live in one instance.
      cookie_needed: true,
      origins: ["*:*"],
      entropy: randomInt(2 ** 32),
    });
  }
}

function allowOrigin(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("x-frame-options", "DENY");
  response.setHeader("cache-control", "no-store, no-transform, must-revalidate, max-age=0");
  response.setHeader("vary", "Origin");
  const { origin } = request.headers;
  if (origin === undefined) return;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-allow-credentials", "true");
}

function preflight(address: SockJsAddress, request: IncomingMessage, response: ServerResponse): void {
  const reads = address.kind === "info" || address.kind === "greeting";
  response.setHeader("access-control-allow-methods", reads ? "OPTIONS, GET" : "OPTIONS, POST");
  const wanted = request.headers["access-control-request-headers"];
  if (wanted !== undefined) response.setHeader("access-control-allow-headers", wanted);
  response.setHeader("access-control-max-age", A_YEAR_S);
  response.writeHead(204).end();
}

function get(request: IncomingMessage, response: ServerResponse, type: string, body: () => string) {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refuse(response, 405, "method-not-allowed");
  }
  response.writeHead(200, { "content-type": type }).end(body());
}

function upgradeRequired(response: ServerResponse): void {
  response.setHeader("upgrade", "websocket");
  refuse(response, 426, "upgrade-required");
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.setHeader("x-frame-options", "DENY");
  // The rest of a body that is refused is not worth reading.
  response.setHeader("connection", "close");
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify({ reason })}\n`);
}
