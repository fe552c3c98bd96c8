import { createHash } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import type { Wire } from "../model/engine.ts";
import { guardedBy } from "../model/guard.ts";
import { dial } from "./dial.ts";
import { encodeFrame } from "./frame.ts";
import { MESSAGE_BYTES_MAX } from "./frame-reader.ts";

/** What a wire told, in order, and ways to wait for it. */
class Told {
  readonly lines: string[] = [];
  readonly texts: string[] = [];
  onText: (text: string) => void = () => {};
  readonly #waiting = new Set<() => void>();

  add(line: string): void {
    this.lines.push(line);
    this.#look();
  }

  text(text: string): void {
    this.texts.push(text);
    this.#look();
    this.onText(text);
  }

  #look(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** The test's own deadline bounds it. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  async closed(): Promise<string> {
    await this.until(() => this.lines.some((line) => line.startsWith("closed")));
    return this.lines.at(-1) as string;
  }
}

function connect(port: number, path = "/ws"): { wire: Wire; told: Told } {
  const told = new Told();
  const guard = guardedBy((where, error) => told.add(`${where}: ${(error as Error).message}`));
  const wire = dial(
    `ws://127.0.0.1:${port}${path}`,
    "https://app.example.com",
    {
      opened: () => told.add("opened"),
      text: (text) => told.text(text),
      closed: (code, reason) => told.add(`closed ${code} ${reason}`),
    },
    { clock: { nowMs: () => performance.now() }, guard },
  );
  return { wire, told };
}

interface RawServer extends AsyncDisposable {
  readonly port: number;
  /** All that one client sent after its handshake. */
  received(): Buffer;
}

/** A TCP server that shakes hands (unless told otherwise) and then does what the test says. */
async function rawServer(
  then: (socket: net.Socket) => void,
  answer = (accept: string) => `HTTP/1.1 101 X\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
): Promise<RawServer> {
  const sockets = new Set<net.Socket>();
  let after = Buffer.alloc(0);
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    let head = "";
    socket.on("data", (data: Buffer) => {
      if (head.endsWith("\r\n\r\n")) {
        after = Buffer.concat([after, data]);
        return;
      }
      head += data.toString("latin1");
      const key = /sec-websocket-key: (.*)\r/i.exec(head)?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      socket.write(answer(accept), () => then(socket));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    received: () => after,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** As a server sends it. */
function frame(opcode: number, payload: string | Buffer = ""): Buffer {
  return encodeFrame({ opcode, payload: Buffer.from(payload), masked: false });
}

async function webSocketServer(): Promise<{ server: WebSocketServer; port: number } & AsyncDisposable> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  return {
    server,
    port: (server.address() as net.AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}

describe("against ws", () => {
  test("the handshake has sub-protocols and Origin; texts go both ways; pings are answered; 1000 is agreed on", async () => {
    await using at = await webSocketServer();
    const { wire, told } = connect(at.port, "/ws?a=1");
    const [socket, request] = (await once(at.server, "connection")) as [
      import("ws").WebSocket,
      import("node:http").IncomingMessage,
    ];
    expect(request.url).toBe("/ws?a=1");
    expect(request.headers.origin).toBe("https://app.example.com");
    expect(socket.protocol).toBe("v12.stomp");
    const pong = once(socket, "pong");
    socket.ping("are you there");
    expect(String((await pong)[0])).toBe("are you there");
    socket.send("grüße");
    await told.until(() => told.texts.length === 1);
    expect(told.texts).toEqual(["grüße"]);
    const message = once(socket, "message");
    wire.send("hello\0");
    expect(String((await message)[0])).toBe("hello\0");
    const close = once(socket, "close");
    wire.close(1000, "");
    wire.close(1000, "");
    expect((await close)[0]).toBe(1000);
    expect(await told.closed()).toBe("closed 1000 ");
    expect(told.lines).toEqual(["opened", "closed 1000 "]);
  });

  test.each([
    [1013, "slow-consumer", "closed 1013 slow-consumer"],
    [4001, "", "closed 4001 "],
    [undefined, "", "closed 1005 "],
  ])("D11: closed by the server with %s", async (code, reason, end) => {
    await using at = await webSocketServer();
    const { told } = connect(at.port);
    const [socket] = (await once(at.server, "connection")) as [import("ws").WebSocket];
    await told.until(() => told.lines.includes("opened"));
    const close = once(socket, "close");
    socket.close(code, reason);
    expect(await told.closed()).toBe(end);
    // Its own close frame was answered with the same code.
    expect((await close)[0]).toBe(code ?? 1005);
  });

  test("a handler that throws costs its own message and no socket", async () => {
    await using at = await webSocketServer();
    const { told } = connect(at.port);
    const [socket] = (await once(at.server, "connection")) as [import("ws").WebSocket];
    told.onText = (text) => {
      if (text === "bad") throw new Error("planted");
    };
    for (const text of ["good", "bad", "good"]) socket.send(text);
    await told.until(() => told.texts.length === 3);
    expect(told.lines).toEqual(["opened", "message: planted"]);
  });
});

describe("D11: ends without a close frame have no code", () => {
  test("FIN", async () => {
    await using server = await rawServer((socket) => socket.end());
    expect(await connect(server.port).told.closed()).toBe("closed null unexpected EOF");
  });

  test("RST", async () => {
    await using server = await rawServer((socket) => socket.resetAndDestroy());
    expect(await connect(server.port).told.closed()).toBe("closed null read: connection reset by peer");
  });

  test("FIN in the middle of a frame", async () => {
    await using server = await rawServer((socket) => socket.end(frame(1, "cut off").subarray(0, 5)));
    expect(await connect(server.port).told.closed()).toBe("closed null unexpected EOF");
  });

  test("refused", async () => {
    const { port } = await rawServer(() => {}).then(async (server) => {
      await server[Symbol.asyncDispose]();
      return server;
    });
    expect(await connect(port).told.closed()).toBe("closed null connect: connection refused");
  });

  test.each([
    ["a status that is not 101", () => "HTTP/1.1 503 No\r\n\r\n", "bad handshake: status 503"],
    ["no HTTP", () => "hello\r\n\r\n", "bad handshake: not HTTP"],
    [
      "another's key",
      () => "HTTP/1.1 101 X\r\nsec-websocket-accept: x\r\n\r\n",
      "bad handshake: wrong accept key",
    ],
    ["no end", () => "x".repeat(20_000), "bad handshake: an endless answer"],
    [
      "an extension",
      (accept: string) =>
        `HTTP/1.1 101 X\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Extensions: x\r\n\r\n`,
      "bad handshake: an extension nobody asked for",
    ],
  ])("a handshake with %s", async (_, answer, why) => {
    await using server = await rawServer(() => {}, answer);
    const { told } = connect(server.port);
    expect(await told.closed()).toBe(`closed null ${why}`);
    expect(told.lines).toHaveLength(1);
  });

  test("given up while it is connecting", async () => {
    await using server = await rawServer(
      () => {},
      () => "",
    );
    const { wire, told } = connect(server.port);
    wire.close(1000, "");
    expect(await told.closed()).toBe("closed null given up");
  });
});

describe("what a server may not send ends the connection, and the server is told", () => {
  test.each([
    ["garbage", Buffer.from("GET / HTTP/1.1\r\n"), "a frame with reserved bits set", 1002],
    [
      "10 MB in one frame",
      Buffer.from("827f000000000098968000", "hex"),
      `a message of more than ${MESSAGE_BYTES_MAX} bytes`,
      1009,
    ],
    [
      "a close code that never travels",
      frame(8, Buffer.from([3, 238])),
      "a close frame with code 1006",
      1002,
    ],
  ])("%s", async (_, bytes, why, code) => {
    const text = frame(1, "before");
    await using server = await rawServer((socket) => socket.write(Buffer.concat([text, bytes])));
    const { told } = connect(server.port);
    expect(await told.closed()).toBe(`closed null ${why}`);
    expect(told.texts).toEqual(["before"]);
    await expect.poll(() => server.received().length, { timeout: 15_000 }).toBeGreaterThan(8);
    const close = server.received();
    expect(close[0]).toBe(0x88);
    const unmasked = close.subarray(6, 8).map((byte, i) => byte ^ (close[2 + i] as number));
    expect(Buffer.from(unmasked).readUInt16BE(0)).toBe(code);
  });

  test("the handshake's answer and the first frames may come in any pieces", async () => {
    let bytes = Buffer.alloc(0);
    await using server = await rawServer(
      (socket) => {
        let at = 0;
        const next = () => {
          if (at < bytes.length) socket.write(bytes.subarray(at, ++at), () => setImmediate(next));
        };
        next();
      },
      (accept) => {
        const head = `HTTP/1.1 101 X\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
        bytes = Buffer.concat([Buffer.from(head), frame(1, "one"), frame(1, "two")]);
        return "";
      },
    );
    const { told } = connect(server.port);
    await told.until(() => told.texts.length === 2);
    expect(told.texts).toEqual(["one", "two"]);
    expect(told.lines).toEqual(["opened"]);
  });
});

describe("E10: reading on purpose too little", () => {
  const many = Buffer.concat(Array.from({ length: 50 }, (_, n) => frame(1, `message ${n}`)));

  test("it stops in the middle of a read, and misses nothing when it reads on", async () => {
    await using server = await rawServer((socket) => socket.write(many));
    const { wire, told } = connect(server.port);
    told.onText = (text) => text === "message 9" && wire.raw?.read("never");
    await told.until(() => told.texts.length === 10);
    const before = wire.raw?.bytesRead ?? 0;
    await new Promise((resolve) => setImmediate(resolve));
    expect(told.texts).toHaveLength(10);
    told.onText = () => {};
    wire.raw?.read("freely");
    await told.until(() => told.texts.length === 50);
    expect(told.texts).toEqual(Array.from({ length: 50 }, (_, n) => `message ${n}`));
    const all = many.length - frame(1, "message 0").length * 10;
    expect((wire.raw?.bytesRead ?? 0) - before).toBe(all);
  });

  test("what it does not read stays with the server: it cannot write more than the buffers hold", async () => {
    const chunk = frame(1, "x".repeat(60_000));
    let accepted = 0;
    let stuck = () => {};
    const isStuck = new Promise<void>((resolve) => {
      stuck = resolve;
    });
    let toTheServer: net.Socket | undefined;
    await using server = await rawServer((socket) => {
      toTheServer = socket;
      socket.write(frame(1, "stop"));
    });
    const { wire, told } = connect(server.port);
    told.onText = (text) => text === "stop" && wire.raw?.read("never");
    await told.until(() => told.texts.length === 1);
    told.onText = () => {};
    // More than any kernel holds; what the socket keeps in user space is what was not accepted.
    for (let i = 0; i < 1_000; i++) toTheServer?.write(chunk);
    const settle = setInterval(() => {
      const now = (toTheServer?.bytesWritten ?? 0) - (toTheServer?.writableLength ?? 0);
      if (now === accepted) stuck();
      accepted = now;
    }, 1_000);
    await isStuck;
    clearInterval(settle);
    expect(accepted).toBeLessThan(40_000_000);
    expect(told.texts).toHaveLength(1);
    wire.raw?.read("freely");
    await told.until(() => told.texts.length === 1_001);
  }, 60_000);

  test("it trickles: some comes, all of it much later", async () => {
    await using server = await rawServer((socket) => socket.write(many));
    const { wire, told } = connect(server.port);
    told.onText = (text) => text === "message 0" && wire.raw?.read({ bytesPerSecond: 200 });
    await told.until(() => told.texts.length > 5);
    const startedMs = performance.now();
    const from = told.texts.length;
    await told.until(() => told.texts.length >= from + 20);
    // 20 messages of 12 bytes at 200 a second are 1.2 s; a stalled timer only makes it longer.
    expect(performance.now() - startedMs).toBeGreaterThan(900);
    wire.raw?.read("freely");
    await told.until(() => told.texts.length === 50);
  });

  test("half-open: it neither reads, answers nor closes, and the socket stays", async () => {
    const ends: string[] = [];
    let side: net.Socket | undefined;
    await using server = await rawServer((socket) => {
      side = socket;
      socket.on("end", () => ends.push("end"));
      socket.on("close", () => ends.push("close"));
      socket.write(frame(1, "now"));
    });
    const { wire, told } = connect(server.port);
    told.onText = () => wire.raw?.halfOpen();
    await told.until(() => told.texts.length === 1);
    side?.write(Buffer.concat([frame(9, "ping"), frame(1, "text"), frame(8)]));
    wire.send("unheard");
    wire.raw?.sendBytes(Buffer.from("unheard"));
    wire.close(1000, "");
    wire.raw?.read("freely");
    // A second connection goes there and back: what the first was going to do is done by then.
    await connect(server.port).told.until(() => true);
    const second = connect(server.port);
    await second.told.until(() => second.told.texts.length === 1);
    expect(told.texts).toEqual(["now"]);
    expect(told.lines).toEqual(["opened"]);
    expect(ends).toEqual([]);
    expect(server.received().toString()).not.toContain("unheard");
  });

  test("raw bytes and raw frames go out as they are", async () => {
    await using server = await rawServer((socket) => socket.write(frame(1, "go")));
    const { wire, told } = connect(server.port);
    told.onText = () => {
      wire.raw?.sendFrame({ opcode: 1, payload: Buffer.from("ab"), masked: false, reserved: 4 });
      wire.raw?.sendBytes(Buffer.from("not a frame"));
    };
    await expect
      .poll(() => server.received().toString("latin1"), { timeout: 15_000 })
      .toBe("Á\x02abnot a frame");
  });
});
