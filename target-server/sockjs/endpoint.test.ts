import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import type { Admission } from "../admission.ts";
import { healthy } from "../policies.ts";
import { textFrame } from "../web-socket-frame.ts";
import { createSockJs } from "./endpoint.ts";
import type { XhrSession } from "./xhr-session.ts";

/** Each test leaves nothing that listens. */
const undo: (() => void)[] = [];
afterEach(() => {
  for (const one of undo.splice(0)) one();
});

const ORIGIN = "https://app.example.com";
const headers = { origin: ORIGIN };

interface Changes {
  readonly state?: "serving" | "draining";
  readonly heartbeatMs?: number;
  readonly disconnectDelayMs?: number;
  readonly connectionsMax?: number;
  readonly identity?: ReturnType<Admission["handshake"]>;
}

/** The real endpoint on a real port; behind it a server that answers every text with the same in capitals. */
async function listening(changes: Changes = {}) {
  const sessions: XhrSession[] = [];
  const closes: number[] = [];
  const errors: string[] = [];
  const handshakes: string[] = [];
  const shown: unknown[] = [];
  const admission: Admission = {
    policies: healthy,
    config: {
      allowedOrigins: [ORIGIN],
      requireOrigin: true,
      connectionsMax: changes.connectionsMax ?? 10,
      webSocketPaths: ["/ws"],
    } as unknown as Admission["config"],
    state: () => changes.state ?? "serving",
    connections: () => sessions.length,
    handshakeWaits: () => 0,
    handshake: () => changes.identity,
  };
  const sockJs = createSockJs({
    admission,
    times: {
      heartbeatMs: changes.heartbeatMs ?? 60_000,
      disconnectDelayMs: changes.disconnectDelayMs ?? 60_000,
    },
    bytesMax: 1_000,
    handshake: (result) => handshakes.push(result),
    admit: (session, identity) => {
      sessions.push(session);
      shown.push(identity);
      session.on("message", (data: Buffer) => say(session, String(data).toUpperCase()));
      session.on("close", (code: number) => closes.push(code));
      session.on("error", (error: Error & { code: string }) => errors.push(error.code));
    },
  });
  const server = createServer((request, response) => {
    if (!sockJs(request, response)) response.writeHead(418).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  undo.push(() => {
    for (const session of sessions) session.terminate();
    server.close();
    server.closeAllConnections();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ws/sockjs`;
  const call = (path: string, body?: string | null, more: RequestInit = {}) =>
    fetch(base + path, {
      method: body === undefined ? "GET" : "POST",
      headers,
      ...(body == null ? {} : { body }),
      ...more,
    });
  const text = async (path: string, body?: string | null) => (await call(path, body)).text();
  return { call, text, sessions, closes, errors, handshakes, shown };
}

/** As the send queue does it: corked. */
function say(session: XhrSession, ...texts: string[]): void {
  session.outlet.cork();
  for (const one of texts) session.outlet.write(textFrame(one));
  session.outlet.uncork();
}

test("A15, A6: the greeting and /info, which no cache may keep and no frame may show", async () => {
  const { call, text } = await listening();
  expect(await text("")).toBe("Welcome to SockJS!\n");
  const info = await call("/info");
  expect(await info.json()).toEqual({
    websocket: true,
    cookie_needed: true,
    origins: ["*:*"],
    entropy: expect.any(Number),
  });
  expect(info.headers.get("access-control-allow-origin")).toBe(ORIGIN);
  expect(info.headers.get("access-control-allow-credentials")).toBe("true");
  expect(info.headers.get("cache-control")).toContain("no-store");
  expect(info.headers.get("x-frame-options")).toBe("DENY");
});

test.each<[string, string, string | null | undefined, Record<string, string>, number]>([
  ["a foreign page", "/000/s/xhr", null, { origin: "https://evil.example" }, 403],
  ["a new session without an Origin", "/000/s/xhr", null, {}, 403],
  ["/info for a foreign page", "/info", undefined, { origin: "https://evil.example" }, 403],
  ["an unknown transport", "/000/s/jsonp", null, headers, 404],
  ["a session that does not exist", "/000/s/xhr_send", '["a"]', headers, 404],
  ["a session id with a dot", "/000/s.x/xhr", null, headers, 404],
  ["receiving by GET", "/000/s/xhr", undefined, headers, 405],
  ["a WebSocket path without an upgrade", "/000/s/websocket", undefined, headers, 426],
])("A7, A15: %s is refused with its own status", async (_what, path, body, own, status) => {
  const { call, sessions } = await listening();
  expect((await call(path, body, { headers: own })).status).toBe(status);
  expect(sessions).toEqual([]);
});

test("A11, A121: who is full or draining lets no new session in", async () => {
  const draining = await listening({ state: "draining" });
  expect((await draining.call("/000/s/xhr", null)).status).toBe(503);
  const full = await listening({ connectionsMax: 1 });
  expect(await full.text("/000/s1/xhr", null)).toBe("o\n");
  expect((await full.call("/000/s2/xhr", null)).status).toBe(503);
  expect(full.handshakes).toEqual(["accepted", "too-many-connections"]);
});

test("A19: who has to show an identity at the handshake and has none gets 401, with one it is let in", async () => {
  const stranger = await listening({ identity: Promise.resolve({ how: "refused", reason: "missing" }) });
  expect((await stranger.call("/000/s/xhr", null)).status).toBe(401);
  expect(stranger.sessions).toEqual([]);
  const identity = { user: "ann", expiresAtMs: Number.POSITIVE_INFINITY };
  const ann = await listening({ identity: Promise.resolve({ how: "user", identity }) });
  expect(await ann.text("/000/s/xhr", null)).toBe("o\n");
  expect(ann.shown).toEqual([identity]);
});

test("A15: polling: one answer opens, the next brings what was said, several messages in one", async () => {
  const { call, text, sessions } = await listening();
  expect(await text("/123/s/xhr", null)).toBe("o\n");
  expect((await call("/123/s/xhr_send", '["a\\u0000b","é"]')).status).toBe(204);
  // Nobody receives now: what the server writes has to wait, as its outlet says.
  expect(sessions[0]!.outlet.writable).toBe(false);
  const answer = text("/123/s/xhr", null);
  await vi.waitFor(() => expect(sessions[0]!.outlet.writable).toBe(true));
  say(sessions[0]!, "one", "two");
  expect(await answer).toBe('a["one","two"]\n');
});

test("A15: a second receiver is turned away, the first goes on", async () => {
  const { text, sessions } = await listening();
  await text("/000/s/xhr", null);
  const first = text("/000/s/xhr", null);
  await vi.waitFor(() => expect(sessions[0]!.outlet.writable).toBe(true));
  expect(await text("/000/s/xhr", null)).toBe('c[2010,"Another connection still open"]\n');
  say(sessions[0]!, "still here");
  expect(await first).toBe('a["still here"]\n');
});

test("A15: streaming: prelude, open, messages as they come, an end after 128 KB", async () => {
  const { call, text, sessions } = await listening();
  const response = await call("/000/s/xhr_streaming", null);
  let received = "";
  const all = (async () => {
    for await (const chunk of response.body!) received += Buffer.from(chunk).toString();
  })();
  await vi.waitFor(() => expect(received).toBe(`${"h".repeat(2_048)}\no\n`));
  await call("/000/s/xhr_send", '["hello"]');
  await vi.waitFor(() => expect(received.endsWith('o\na["HELLO"]\n')).toBe(true));
  for (let n = 0; n < 3; n++) say(sessions[0]!, "x".repeat(50_000));
  await all;
  expect(received.length).toBeGreaterThan(150_000);
  // The session itself goes on with the next request.
  const next = text("/000/s/xhr", null);
  await vi.waitFor(() => expect(sessions[0]!.outlet.writable).toBe(true));
  say(sessions[0]!, "again");
  expect(await next).toBe('a["again"]\n');
});

test("A15: a heart-beat after silence; a session without a receiver for the disconnect delay is over", async () => {
  const { text, closes } = await listening({ heartbeatMs: 50, disconnectDelayMs: 100 });
  expect(await text("/000/s/xhr", null)).toBe("o\n");
  expect(await text("/000/s/xhr", null)).toBe("h\n");
  expect(closes).toEqual([]);
  await vi.waitFor(() => expect(closes).toEqual([1006]));
});

test("A15: a stream that breaks off is the same silence", async () => {
  const { call, closes } = await listening({ disconnectDelayMs: 50 });
  const gone = new AbortController();
  await call("/000/s/xhr_streaming", null, { signal: gone.signal });
  await pause(100);
  expect(closes).toEqual([]);
  gone.abort();
  await vi.waitFor(() => expect(closes).toEqual([1006]));
});

test("A76: the close code reaches the client, also one that comes back for it later", async () => {
  const { text, sessions, closes } = await listening();
  await text("/000/s/xhr", null);
  sessions[0]!.close(1012, "server is restarting");
  expect(await text("/000/s/xhr", null)).toBe('c[1012,"server is restarting"]\n');
  expect(closes).toEqual([1012]);
  expect(await text("/000/s/xhr", null)).toBe('c[1012,"server is restarting"]\n');

  await text("/000/t/xhr", null);
  const waiting = text("/000/t/xhr", null);
  await vi.waitFor(() => expect(sessions[1]!.outlet.writable).toBe(true));
  sessions[1]!.close(1013, "slow-consumer");
  expect(await waiting).toBe('c[1013,"slow-consumer"]\n');
  await vi.waitFor(() => expect(closes).toEqual([1012, 1013]));
});

test.each([
  ["", 400],
  ["[", 400],
  ["{}", 400],
  ["[1]", 400],
])("A15: a send of %j is refused, the session goes on", async (body, status) => {
  const { call, text, sessions } = await listening();
  await text("/000/s/xhr", null);
  expect((await call("/000/s/xhr_send", body)).status).toBe(status);
  expect(sessions[0]!.over).toBe(false);
});

test("A61: too much in one send is 413 and closes the session with 1009", async () => {
  const { call, text, errors, closes } = await listening();
  await text("/000/s/xhr", null);
  expect((await call("/000/s/xhr_send", JSON.stringify(["x".repeat(1_000)]))).status).toBe(413);
  expect(errors).toEqual(["WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"]);
  expect(await text("/000/s/xhr", null)).toBe('c[1009,"too much for one message"]\n');
  expect(closes).toEqual([1009]);
});
