import { once } from "node:events";
import net from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import bandwidth from "../../chaos/faults/bandwidth.ts";
import blackhole from "../../chaos/faults/blackhole.ts";
import cutAfterBytes from "../../chaos/faults/cut-after-bytes.ts";
import reset from "../../chaos/faults/reset.ts";
import slice from "../../chaos/faults/slice.ts";
import slowClose from "../../chaos/faults/slow-close.ts";
import { RawStompClient } from "../e2e/raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "../e2e/reference-system.ts";
import { portsOf, soon, through } from "./fixtures/fault-trial.ts";

// The real system: three reference servers, their stores, every link through Toxiproxy.
let system: ReferenceSystem;
let on: ReturnType<typeof portsOf>;
const clients: RawStompClient[] = [];

beforeAll(async () => {
  system = await bringUpReference(3, 1, { USER_RATE: "off", SESSION_RATE: "off" });
  on = portsOf(system.target);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.ws.terminate();
  await on.allWell();
});
afterAll(async () => {
  await system?.[Symbol.asyncDispose]();
});

async function connect(server: number, user: string): Promise<RawStompClient> {
  const client = await RawStompClient.connect(system, server, user);
  clients.push(client);
  return client;
}

const chunk = Buffer.alloc(65_536);
const portOf = (address: string) => Number(address.split(":")[1]);

test.each([
  ["server-1/clients", "downstream"],
  ["server-1/clients", "upstream"],
  ["server-1/redis", "both"],
  ["server-1/postgres", "both"],
])("E3, E24: %s is thin %s, the same link of another server is not", async (name, stream) => {
  const rateKBps = 16;
  await through(bandwidth, on.link(name), { rateKBps, stream }, async () => {
    const way = stream === "upstream" ? "upstream" : "downstream";
    // 16,000 bytes at 16 kB/s: a second, but for what the last piece need not wait for.
    expect(await on.link(name).carryMs(16_000, way, 20_000)).toBeGreaterThan(700);
    const other = on.link(name.replace("server-1", "server-2"));
    await soon(
      "the other link is not thin",
      async () => ((await other.carryMs(16_000, way, 5_000)) ?? 9_999) < 700,
    );
  });
});

test("E61: rate 0 is not offered; Toxiproxy 2.12 passes nothing at all with it", async () => {
  expect(bandwidth.bounds?.rateKBps?.[0]).toBe(1);
  const link = on.link("server-3/clients");
  for (const stream of ["upstream", "downstream"] as const) {
    await link.addToxic({ name: "zero", type: "bandwidth", stream, attributes: { rate: 0 } });
    expect(await link.roundTripMs(3_000)).toBeUndefined();
    await link.removeToxic("zero");
  }
});

test("E4, E11, E59: a black hole keeps the connection and drops its bytes; healing it ends the connection", async () => {
  const [ann, bob] = [await connect(1, "ann"), await connect(2, "bob")];
  for (const client of [ann, bob]) await client.subscribe("/topic/room.hole");
  await through(blackhole, on.link("server-1/clients"), {}, async () => {
    bob.say("hole", "into the dark");
    await bob.heard("hole", "into the dark");
    ann.say("hole", "never heard");
    expect(ann.contents("hole")).toEqual([]);
    expect(ann.ws.readyState).toBe(ann.ws.OPEN);
    expect(await on.link("server-2/clients").roundTripMs(5_000)).toBeDefined();
  });
  expect((await ann.closed).code).toBe(1006);
  expect(ann.contents("hole")).toEqual([]);
  expect(bob.ws.readyState).toBe(bob.ws.OPEN);
  // What was dropped is gone: the server never had it.
  expect(bob.contents("hole")).toEqual(["into the dark"]);
});

test("E58: one way only: what the client says arrives, what it should hear does not", async () => {
  const [ann, bob] = [await connect(1, "ann"), await connect(2, "bob")];
  for (const client of [ann, bob]) await client.subscribe("/topic/room.half");
  await through(blackhole, on.link("server-1/clients"), { stream: "downstream" }, async () => {
    ann.say("half", "heard by others");
    await bob.heard("half", "heard by others");
    expect(
      ann.frames.filter(
        (frame) => frame.command === "RECEIPT" && frame.headers["receipt-id"] === "heard by others",
      ),
    ).toEqual([]);
  });
});

test("E19, E23: one server's Redis swallows everything: that server is not ready, the others are", async () => {
  await through(blackhole, on.link("server-1/redis"), {}, async () => {
    await soon("server-1 not ready", async () => !(await on.process("server-1").ready(5_000)));
    await soon("server-2 ready", () => on.process("server-2").ready(5_000));
  });
  await soon("server-1 ready again", () => on.process("server-1").ready(5_000));
});

test("E5: a new connection is reset at its first byte, an open one ends at its next one", async () => {
  const ann = await connect(1, "ann");
  await through(reset, on.link("server-1/clients"), {}, async () => {
    // SO_LINGER is set when a connection is accepted: this one ends by FIN, as 1006 all the same.
    ann.send("SUBSCRIBE", { id: "1", destination: "/topic/room.reset" });
    expect((await ann.closed).code).toBe(1006);
    const socket = net.connect(portOf(on.link("server-1/clients").listen), "127.0.0.1");
    const failed = once(socket, "error");
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    expect((await failed)[0]).toMatchObject({ code: "ECONNRESET" });
  });
});

test("E5: a silent connection is not reset: it takes a byte", async () => {
  const socket = net.connect(portOf(on.link("server-2/clients").listen), "127.0.0.1");
  await once(socket, "connect");
  let isClosed = false;
  socket
    .on("error", () => {})
    .on("close", () => {
      isClosed = true;
    });
  await through(reset, on.link("server-2/clients"), {}, async () => {
    expect(isClosed).toBe(false);
    socket.write("x");
    await soon("closed by its byte", () => isClosed);
  });
});

test("E7: the end of a connection comes late, its frames do not", async () => {
  const ann = await connect(1, "ann");
  await ann.subscribe("/topic/room.slow-close");
  await through(slowClose, on.link("server-1/clients"), { delayMs: 3_000 }, async () => {
    ann.say("slow-close", "on time");
    await ann.heard("slow-close", "on time");
    expect(await on.link("server-1/clients").closeMs(20_000)).toBeGreaterThanOrEqual(2_900);
  });
});

test("E8: frames in tiny pieces, both ways, are frames all the same", async () => {
  const [ann, bob] = [await connect(1, "ann"), await connect(2, "bob")];
  for (const client of [ann, bob]) await client.subscribe("/topic/room.slices");
  let pieces = 0;
  (ann.ws as unknown as { _socket: net.Socket })._socket.on("data", () => pieces++);
  const text = "slices ".repeat(200);
  await through(slice, on.link("server-1/clients"), { pauseUs: 1_000 }, async () => {
    ann.say("slices", text, "r1");
    await Promise.all([bob.heard("slices", text), ann.heard("slices", text)]);
    expect(pieces).toBeGreaterThan(5);
  });
});

test("E9: every connection ends after so many bytes, in the middle of a broadcast", async () => {
  const [ann, bob] = [await connect(1, "ann"), await connect(2, "bob")];
  for (const client of [ann, bob]) await client.subscribe("/topic/room.cut");
  let bytes = 0;
  await through(cutAfterBytes, on.link("server-1/clients"), { bytes: 3_000 }, async () => {
    (ann.ws as unknown as { _socket: net.Socket })._socket.on("data", (piece: Buffer) => {
      bytes += piece.length;
    });
    const text = "x".repeat(1_000);
    for (let i = 0; i < 6; i++) bob.say("cut", `${text}${i}`);
    expect((await ann.closed).code).toBe(1006);
    await bob.heard("cut", `${text}5`);
  });
  expect(bytes).toBe(3_000);
  expect(ann.contents("cut").length).toBeLessThan(3);
});

test("E63: a toxic that cannot be added or removed behind a stuck writer costs the link its connections, no more", async () => {
  // A server that floods and a client that does not read: the proxy can hand on nothing.
  const begun = Promise.withResolvers<void>();
  const flooding = new Set<net.Socket>();
  const flood = net
    .createServer((socket) => {
      flooding.add(socket.on("close", () => flooding.delete(socket)));
      const more = () => {
        while (socket.write(chunk));
      };
      socket.on("drain", more).on("error", () => {});
      void begun.promise.then(more);
    })
    .listen(0, "127.0.0.1");
  await once(flood, "listening");
  const link = on.link("server-3/clients");
  const home = link.upstream;
  await link.repoint(`127.0.0.1:${(flood.address() as net.AddressInfo).port}`);
  const deaf = () => {
    const socket = net.connect(portOf(link.listen), "127.0.0.1");
    return socket.on("error", () => {}).pause();
  };
  const latency = { type: "latency", attributes: { latency: 1, jitter: 0 } } as const;
  try {
    const first = deaf();
    await once(first, "connect");
    await link.addToxic({ name: "stays", stream: "upstream", ...latency });
    await link.addToxic({ name: "goes", stream: "downstream", ...latency });
    begun.resolve();
    await stuck(flooding);
    await link.removeToxic("goes");
    expect(await link.toxics()).toEqual(["stays"]);
    first.destroy();

    const second = deaf();
    await stuck(flooding);
    await expect(link.addToxic({ name: "late", stream: "downstream", ...latency })).rejects.toThrow(
      "took longer",
    );
    expect(await link.toxics()).toEqual(["stays"]);
    second.destroy();
  } finally {
    flood.close();
    await link.repoint(home);
    await link.removeToxic("stays");
  }
  expect(await link.roundTripMs(5_000)).toBeDefined();
});

/** Nothing is taken from the flood any more: every buffer on its way is full. */
async function stuck(flooding: ReadonlySet<net.Socket>): Promise<void> {
  const taken = () => [...flooding].map((socket) => socket.bytesWritten - socket.writableLength);
  await soon("the buffers are full", async () => {
    const before = taken();
    await wait(500);
    const now = taken();
    return now.length > 0 && now.every((bytes, i) => bytes > chunk.length && bytes === before[i]);
  });
}
