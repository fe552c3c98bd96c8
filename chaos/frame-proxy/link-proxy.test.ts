import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { WAITING_BYTES_MAX } from "./flow.ts";
import { LinkProxy } from "./link-proxy.ts";
import type { Act, FrameRule } from "./rule.ts";

// A real proxy between real sockets: a `ws` server that echoes, `ws` clients, and plain TCP where bytes matter.

let server: http.Server;
let sockets: WebSocketServer;
let proxy: LinkProxy;
let port: number;
let requests: http.IncomingMessage[];
const clients: { terminate(): void }[] = [];

beforeEach(async () => {
  requests = [];
  server = http.createServer((request, response) => response.end(`page ${request.url}`));
  sockets = new WebSocketServer({ server, perMessageDeflate: true });
  sockets.on("connection", (socket, request) => {
    requests.push(request);
    socket.on("error", () => {});
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = await freePort();
  proxy = new LinkProxy({
    name: "server-1/clients",
    listen: `127.0.0.1:${port}`,
    upstream: `127.0.0.1:${portOf(server)}`,
    seed: 1,
  });
  await proxy.listen();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.terminate();
  proxy.close();
  for (const socket of sockets.clients) socket.terminate();
  server.closeAllConnections();
  server.close();
});

const portOf = (listening: net.Server) => (listening.address() as net.AddressInfo).port;

async function freePort(): Promise<number> {
  const holder = net.createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const free = portOf(holder);
  await new Promise((resolve) => holder.close(resolve));
  return free;
}

/** Until the other side's end; its own side stays open. */
async function allOf(socket: net.Socket): Promise<string> {
  let bytes = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    bytes += chunk;
  });
  await once(socket, "end");
  return bytes;
}

async function soon(what: string, holds: () => boolean): Promise<void> {
  const untilMs = performance.now() + 15_000;
  while (!holds()) {
    if (performance.now() > untilMs) throw new Error(`not in time: ${what}`);
    await wait(5);
  }
}

async function connect() {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws?x=1`, ["v12.stomp"], {
    origin: "https://shop.example",
  });
  clients.push(socket);
  const got: string[] = [];
  socket.on("message", (data) => void got.push(String(data)));
  socket.on("error", () => {});
  await once(socket, "open");
  return {
    socket,
    got,
    echo: (what: string) => soon(`echo of ${what.slice(0, 20)}`, () => got.includes(what)),
  };
}

const rule = (act: Act, part: Partial<FrameRule> = {}): FrameRule => ({
  label: "test",
  victims: 9,
  streams: ["downstream"],
  frame: "any",
  destination: "",
  nth: 1,
  count: 0,
  act,
  ...part,
});

test("an upgrade passes with its path, origin and sub-protocol, and without an offer of compression", async () => {
  const { socket } = await connect();
  const [request] = requests;
  expect(request?.url).toBe("/ws?x=1");
  expect(request?.headers).toMatchObject({
    host: `127.0.0.1:${port}`,
    origin: "https://shop.example",
    "sec-websocket-protocol": "v12.stomp",
    upgrade: "websocket",
  });
  expect(request?.headers).not.toHaveProperty("sec-websocket-extensions");
  expect(socket.extensions).toBe("");
});

test("frames of every size go both ways, and are counted", async () => {
  const { socket, got } = await connect();
  const sizes = [0, 1, 125, 126, 65_535, 65_536, 3_000_000];
  for (const bytes of sizes) socket.send("x".repeat(bytes));
  await soon("all echoes", () => got.length === sizes.length);
  expect(got.map((echo) => echo.length)).toEqual(sizes);
  expect(proxy.traffic()).toEqual({ connections: 1, upstream: sizes.length, downstream: sizes.length });
});

test("plain HTTP passes, a refused upgrade too, and both are no candidates for victims", async () => {
  expect(await (await fetch(`http://127.0.0.1:${port}/health`)).text()).toBe("page /health");
  sockets.shouldHandle = () => false;
  const refused = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  clients.push(refused);
  refused.on("error", () => {});
  const [, response] = await once(refused, "unexpected-response");
  expect(response.statusCode).toBe(400);
  expect(proxy.state(proxy.disturb(rule({ kind: "drop" })))).toEqual({ victims: [], of: 0 });
});

test("what is not HTTP passes as bytes, whole, with its end", async () => {
  const upstream = net.createServer({ allowHalfOpen: true }, async (socket) =>
    socket.end(`got ${await allOf(socket)}`),
  );
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const at = await freePort();
  const other = new LinkProxy({
    name: "x",
    listen: `127.0.0.1:${at}`,
    upstream: `127.0.0.1:${portOf(upstream)}`,
    seed: 1,
  });
  await other.listen();
  for (const bytes of ["", "GET / HT", `${"y".repeat(100_000)}\n`]) {
    const socket = net.connect({ host: "127.0.0.1", port: at, allowHalfOpen: true });
    socket.end(bytes);
    expect(await allOf(socket)).toBe(`got ${bytes}`);
  }
  other.close();
  upstream.close();
});

test("a server that refuses connections is seen as a connection that ends", async () => {
  const at = await freePort();
  const nobody = await freePort();
  const other = new LinkProxy({
    name: "x",
    listen: `127.0.0.1:${at}`,
    upstream: `127.0.0.1:${nobody}`,
    seed: 1,
  });
  await other.listen();
  const socket = net.connect(at, "127.0.0.1");
  const closed = new Promise((resolve) => socket.on("error", () => {}).on("close", resolve));
  socket.resume();
  await closed;
  await soon("it is forgotten", () => other.traffic().connections === 0);
  other.close();
});

test("a close goes through with its code, and a reset as a reset", async () => {
  const orderly = await connect();
  orderly.socket.close(4_001, "done");
  const [served] = [...sockets.clients];
  const [code, reason] = await once(served as WebSocket, "close");
  expect([code, String(reason)]).toEqual([4_001, "done"]);
  const broken = await connect();
  const [other] = [...sockets.clients];
  const gone = once(other as WebSocket, "close");
  (broken.socket as unknown as { _socket: net.Socket })._socket.resetAndDestroy();
  expect((await gone)[0]).toBe(1006);
  await soon("both are forgotten", () => proxy.traffic().connections === 0);
});

test("a reader that does not read stops the sender: the proxy keeps little", async () => {
  const { socket } = await connect();
  socket.pause();
  const [served] = [...sockets.clients] as WebSocket[];
  const piece = "z".repeat(100_000);
  for (let i = 0; i < 600; i++) served?.send(piece); // 60 MB; four sockets' own buffers take 20 at most
  await wait(500);
  expect(served?.bufferedAmount).toBeGreaterThan(20_000_000); // still at the server
  let bytes = 0;
  socket.on("message", (data) => {
    bytes += (data as Buffer).length;
  });
  socket.resume();
  await soon("all of it arrives", () => bytes === 60_000_000);
});

test("E4, E10: held: nothing arrives, little is kept, then all of it in order on the same connection", async () => {
  const { socket, got } = await connect();
  const id = proxy.disturb(rule({ kind: "hold" }, { streams: ["upstream"] }));
  const sent = Array.from({ length: 200 }, (_, i) => `${i} ${"h".repeat(10_000)}`);
  for (const piece of sent) socket.send(piece);
  await soon(
    "some of it is withheld",
    () => (proxy.state(id)?.victims[0]?.withheldBytes ?? 0) > WAITING_BYTES_MAX,
  );
  await wait(100);
  const kept = proxy.state(id)?.victims[0]?.withheldBytes as number;
  expect(kept).toBeLessThanOrEqual(3 * WAITING_BYTES_MAX); // one read more, of 64 KB or what Node makes of it
  expect(got).toEqual([]);
  proxy.lift(id);
  await soon("all echoes", () => got.length === sent.length);
  expect(got).toEqual(sent);
  expect(proxy.lift(id)).toBeUndefined();
});

test("a hold in the middle of a frame, and a drop that begins in the middle of one, break nothing", async () => {
  const { socket, got, echo } = await connect();
  const raw = (socket as unknown as { _socket: net.Socket })._socket;
  const frame = Buffer.concat([
    Buffer.from("818531323334", "hex"),
    Buffer.from("Hello").map((b, i) => b ^ [0x31, 0x32, 0x33, 0x34][i % 4]!),
  ]);
  raw.write(frame.subarray(0, 8));
  await soon("the first half is there", () => proxy.traffic().connections === 1);
  await wait(50);
  const held = proxy.disturb(rule({ kind: "hold" }, { streams: ["upstream"] }));
  const dropped = proxy.disturb(rule({ kind: "drop" }, { streams: ["upstream"] }));
  raw.write(frame.subarray(8));
  await wait(50);
  proxy.lift(held);
  await echo("Hello"); // it had begun to pass
  socket.send("lost");
  await soon("it was dropped", () => proxy.state(dropped)?.victims[0]?.acted === 1);
  proxy.lift(dropped);
  socket.send("after");
  await echo("after");
  expect(got).toEqual(["Hello", "after"]);
});

test.each(["hold", "blackhole"] as const)(
  "E11: %s: the end of a connection arrives after the healing only",
  async (kind) => {
    const { socket } = await connect();
    const [served] = [...sockets.clients] as WebSocket[];
    let closed = false;
    served?.on("close", () => {
      closed = true;
    });
    const id = proxy.disturb(rule({ kind }, { streams: ["upstream", "downstream"] }));
    socket.terminate();
    await wait(200);
    expect(closed).toBe(false);
    served?.send("into nowhere");
    proxy.lift(id);
    await soon("the server hears of it", () => closed);
    await soon("it is forgotten", () => proxy.traffic().connections === 0);
  },
);

test("the name of a connection is CONNECTED's user, else CONNECT's login, else its number", async () => {
  sockets.removeAllListeners("connection");
  sockets.on("connection", (socket) =>
    socket.on("message", (data) => {
      const user = /^user:(.*)$/m.exec(String(data))?.[1];
      socket.send(`CONNECTED\nversion:1.2\n${user === undefined ? "" : `user-name:${user}\n`}\n\0`);
    }),
  );
  const all = await Promise.all(
    ["CONNECT\nlogin:ada\nuser:ben\n\n\0", "CONNECT\nlogin:cleo\npasscode:secret\n\n\0", "CONNECT\n\n\0"].map(
      async (frame) => {
        const client = await connect();
        client.socket.send(frame);
        await soon("CONNECTED", () => client.got.length === 1);
        return client;
      },
    ),
  );
  expect(all).toHaveLength(3);
  const { victims, of } = proxy.state(proxy.disturb(rule({ kind: "drop" }))) ?? { victims: [], of: 0 };
  expect(of).toBe(3);
  expect(victims.map(({ name }) => name).sort()).toEqual([
    "ben",
    "cleo",
    expect.stringMatching(/^connection [1-3]$/),
  ]);
});
