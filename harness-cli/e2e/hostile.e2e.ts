import { randomBytes } from "node:crypto";
import net from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { RawStompClient } from "./raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "./reference-system.ts";

/** Real times, but for a request's head: by far more than one of ours takes on a machine that stands still. */
const TIME_SCALE = 1;
const HEAD_MS = 4_000;
const WAIT_MS = 30_000;
const MESSAGE_BYTES_MAX = 65_536;
/** A user may SEND ten times a second (A67). */
const WITNESS_PAUSE_MS = 120;

let system: ReferenceSystem;
let witness: RawStompClient;
let witnessMaySpeakAtMs = 0;
let firstPid: number;
const open: (RawStompClient | net.Socket)[] = [];

beforeAll(async () => {
  system = await bringUpReference(1, TIME_SCALE, {
    HEADER_TIMEOUT_MS: String(HEAD_MS),
    // What is written here keeps this process from answering pings for a while.
    HEARTBEAT_MS: "600000",
    DRAIN_MS: "100",
  });
  witness = await RawStompClient.connect(system, 1, "witness");
  await witness.subscribe("/topic/room.witness");
  firstPid = system.pid(1);
});

/** Whatever a test did: the instance is the same, and who behaves has noticed nothing. */
afterEach(async ({ task }) => {
  for (const one of open.splice(0)) one instanceof net.Socket ? one.destroy() : one.ws.terminate();
  await pause(Math.max(0, witnessMaySpeakAtMs - performance.now()));
  witnessMaySpeakAtMs = performance.now() + WITNESS_PAUSE_MS;
  witness.say("witness", task.id);
  await witness.heard("witness", task.id);
  const foreign = witness.frames.filter(
    ({ command, headers }) => command === "MESSAGE" && headers.destination !== "/topic/room.witness",
  );
  expect(foreign).toEqual([]);
  expect(system.pid(1)).toBe(firstPid);
});

afterAll(async () => {
  witness?.ws.terminate();
  await system?.[Symbol.asyncDispose]();
});

let users = 0;
async function intruder(by: ReferenceSystem = system): Promise<RawStompClient> {
  const client = await RawStompClient.connect(by, 1, `intruder-${++users}`);
  open.push(client);
  return client;
}

/**
 * Past the proxy: when the server has said why and ended its side, a proxy cuts the other side too, and who is still
 * writing may never read why.
 */
const directly = (): Promise<RawStompClient> =>
  intruder({
    ...system,
    endpoint: (server) => system.page(server, "/ws").href.replace("http", "ws"),
  });

const host = "127.0.0.1";
const head = () =>
  `GET /ws HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${system.origin}\r\nConnection: Upgrade\r\n` +
  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/** A bare TCP connection to the instance. */
async function dial(): Promise<net.Socket> {
  const socket = net.connect({ host, port: Number(new URL(system.endpoint(1)).port) });
  open.push(socket);
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

/** After the handshake, so that any bytes can follow. */
async function upgraded(extra = ""): Promise<{ socket: net.Socket; head: string }> {
  const socket = await dial();
  socket.write(`${head()}${extra}\r\n`);
  const answer = await new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
  expect(answer).toContain("101 Switching Protocols");
  return { socket, head: answer };
}

/** The code of the close frame that comes; the server's frames are unmasked (A13). */
async function closeCode(socket: net.Socket): Promise<number> {
  let received = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no close frame")), WAIT_MS);
    socket.on("data", (data: Buffer) => {
      received = Buffer.concat([received, data]);
      for (let at = 0; at + 4 <= received.length; ) {
        const bytes = received[at + 1]!;
        if (bytes >= 126) break;
        if ((received[at]! & 0x0f) === 8) {
          clearTimeout(timer);
          resolve(received.readUInt16BE(at + 2));
          return;
        }
        at += 2 + bytes;
      }
    });
  });
}

describe("frames that are none", () => {
  const mask = randomBytes(4);
  const masked = (first: number, text: string) => {
    const payload = Buffer.from(text).map((byte, n) => byte ^ mask[n % 4]!);
    return Buffer.concat([Buffer.from([first, 0x80 | payload.length]), mask, payload]);
  };
  const declared = Buffer.alloc(14);
  declared.set([0x81, 0xff], 0);
  declared.writeBigUInt64BE(1_000_000_000n, 2);

  test.each<[string, Buffer, number]>([
    ["an unmasked frame", Buffer.from([0x81, 1, 10]), 1002],
    ["a reserved bit, as compression would set it", masked(0xc1, "x"), 1002],
    ["a reserved opcode", masked(0x83, "x"), 1002],
    ["a fragmented ping", masked(0x09, "x"), 1002],
    ["a continuation of nothing", masked(0x80, "x"), 1002],
    ["text that is no UTF-8", Buffer.concat([Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28])]), 1007],
    ["a gigabyte that is only announced", declared, 1009],
  ])("A13, A61, B171: %s is closed with its code", async (_what, bytes, code) => {
    const { socket } = await upgraded();
    const closed = closeCode(socket);
    socket.write(bytes);
    expect(await closed).toBe(code);
  });

  test("B219: compression is not agreed to, so nothing can inflate here", async () => {
    const { head: answer } = await upgraded("Sec-WebSocket-Extensions: permessage-deflate\r\n");
    expect(answer.toLowerCase()).not.toContain("sec-websocket-extensions");
  });
});

describe("too much", () => {
  /** A SEND whose frame has exactly so many bytes. */
  const sendOf = (client: RawStompClient, bytes: number): string => {
    const make = (padding: number) =>
      client.bytes(
        "SEND",
        { destination: "/app/chat.send/hostile", receipt: "sized" },
        JSON.stringify({ content: "x".repeat(padding) }),
      );
    const rough = bytes - 500;
    const text = make(rough + bytes - make(rough).length);
    expect(text.length).toBe(bytes);
    return text;
  };

  test("B113, A61: exactly the limit passes, one byte more is closed with 1009", async () => {
    const fits = await intruder();
    await fits.subscribe("/user/queue/reply");
    fits.ws.send(sendOf(fits, MESSAGE_BYTES_MAX));
    // Stored, or refused for what it says: the session goes on.
    await fits.next((got) => got.headers["receipt-id"] === "sized");
    expect(fits.ws.readyState).toBe(WebSocket.OPEN);

    const tooBig = await intruder();
    tooBig.ws.send(sendOf(tooBig, MESSAGE_BYTES_MAX + 1));
    expect((await tooBig.closed).code).toBe(1009);
  });

  test("B112: many small fragments are one message", async () => {
    const client = await directly();
    for (let n = 0; n < 70; n++) client.ws.send("x".repeat(1_000), { fin: false });
    expect((await client.closed).code).toBe(1009);
  });

  test("A34: a frame over many messages is still one frame", async () => {
    const client = await directly();
    client.ws.send("SEND\ndestination:/app/chat.send/hostile\n\n");
    for (let n = 0; n < 70; n++) client.ws.send("x".repeat(1_000));
    expect((await client.closed).code).toBe(1009);
    expect(client.frames.at(-1)).toMatchObject({ command: "ERROR", headers: { "reason-code": "too-big" } });
  });

  test("B111: twenty times ten megabytes are refused while they are read, and cost no memory", async () => {
    const before = await system.series(1, "process_resident_memory_bytes");
    const clients = await Promise.all(Array.from({ length: 20 }, () => intruder()));
    const tenMegabytes = Buffer.alloc(10_000_000, "x");
    for (const client of clients) {
      client.ws.send(tenMegabytes, { binary: false });
      await pause(0);
    }
    const closes = await Promise.all(clients.map((client) => client.closed));
    // A client that is still writing may find its socket gone before it reads why.
    expect(closes.filter(({ code }) => code !== 1009 && code !== 1006)).toEqual([]);
    const after = await system.series(1, "process_resident_memory_bytes");
    expect(after - before).toBeLessThan(64 * 1_048_576);
  });

  test.each<[string, string[], number]>([
    ["a header line of 1 MB in one message", [`SEND\nx:${"y".repeat(1_000_000)}`], 1009],
    [
      "a header line of 1 MB in many messages",
      ["SEND\nx:", ...Array.from({ length: 100 }, () => "y".repeat(10_000))],
      1002,
    ],
    ["65 headers", [`SEND\n${"a:b\n".repeat(65)}\n\0`], 1002],
    ["an escape that does not exist", ["SEND\na:\\t\n\n\0"], 1002],
    ["a content-length beyond the body", ["SEND\ndestination:/x\ncontent-length:1\n\nabc\0"], 1002],
    ["a content-length of a gigabyte", ["SEND\ndestination:/x\ncontent-length:1000000000\n\n"], 1009],
    ["an HTTP request", ["GET / HTTP/1.1\r\n\r\n"], 1002],
  ])("A48, A76: %s is closed with its code", async (_what, pieces, code) => {
    const client = await directly();
    for (const piece of pieces) client.ws.send(piece);
    expect((await client.closed).code).toBe(code);
  });

  test("10,000 subscriptions: refused at the limit, and all given back", async () => {
    const client = await directly();
    const all = Array.from({ length: 10_000 }, (_, n) =>
      client.bytes("SUBSCRIBE", { id: `${n}`, destination: `/topic/room.many-${n}` }),
    );
    for (let n = 0; n < all.length; n += 500) client.ws.send(all.slice(n, n + 500).join(""));
    expect((await client.closed).code).toBe(1008);
    expect(client.frames.at(-1)).toMatchObject({ command: "ERROR", headers: { "reason-code": "policy" } });
    await vi.waitFor(async () => expect(await system.series(1, "websocket_connections_active")).toBe(1), {
      timeout: WAIT_MS,
    });
  });

  test("A20: frames piled up behind CONNECT are bounded", async () => {
    const client = new RawStompClient(system.endpoint(1), system.origin);
    open.push(client);
    await client.opened();
    const connect = client.bytes("CONNECT", {
      "accept-version": "1.2",
      Authorization: `Bearer ${await system.token("eager")}`,
    });
    client.ws.send(connect + client.bytes("SEND", { destination: "/app/chat.send/hostile" }).repeat(100));
    expect((await client.closed).code).toBe(1008);
    expect(client.frames.map(({ command }) => command)).toEqual(["ERROR"]);
  });
});

describe("half a handshake", () => {
  test("A11, B175: heads that never end, or never begin, are given up after the deadline", async () => {
    const port = Number(system.page(1, "/").port);
    const giveUpAfterMs = async (send?: string) => {
      const sinceMs = performance.now();
      const socket = net.connect({ host, port });
      open.push(socket);
      socket.on("error", () => {});
      const closed = new Promise((resolve) => socket.resume().once("close", resolve));
      if (send !== undefined) socket.write(send);
      const drips = send && setInterval(() => socket.write("X-Drip: 1\r\n"), 200);
      await closed;
      clearInterval(drips);
      return performance.now() - sinceMs;
    };
    const half = Array.from({ length: 50 }, () => giveUpAfterMs(head()));
    for (const ms of await Promise.all([giveUpAfterMs(), ...half]))
      expect(ms).toBeGreaterThanOrEqual(HEAD_MS);
  });
});
