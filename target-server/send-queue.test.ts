import { connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { SendQueue } from "./send-queue.ts";

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

/** Both ends of a real connection. */
async function socketPair(): Promise<{ outlet: Socket; reader: Socket }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const reader = connect(address.port, "127.0.0.1");
  const outlet = await accepted;
  server.close();
  open.push(outlet, reader);
  return { outlet, reader };
}

async function readBytes(reader: Socket, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let got = 0;
  for await (const chunk of reader.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer);
    got += (chunk as Buffer).length;
    if (got >= bytes) break;
  }
  return Buffer.concat(chunks);
}

test("A63: frames of one tick leave in order and in one write", async () => {
  const { outlet, reader } = await socketPair();
  let writes = 0;
  const handle = outlet as unknown as {
    _writev: (...args: unknown[]) => void;
    _write: (...args: unknown[]) => void;
  };
  for (const name of ["_write", "_writev"] as const) {
    const original = handle[name].bind(outlet);
    handle[name] = (...args) => {
      writes += 1;
      original(...args);
    };
  }
  const queue = new SendQueue(outlet);
  for (let n = 0; n < 10; n++) queue.push(Buffer.from(`<${n}>`));
  expect(queue.waiting().depth).toBe(10);
  expect(String(await readBytes(reader, 30))).toBe("<0><1><2><3><4><5><6><7><8><9>");
  expect(writes).toBe(1);
  expect(queue.waiting()).toMatchObject({ depth: 0, bytes: 0 });
});

test("A63: sockets that wait for the same frames get one shared buffer, and each its own where they differ", () => {
  const written: Uint8Array[][] = [];
  const queues = Array.from({ length: 4 }, () => {
    const writes: Uint8Array[] = [];
    written.push(writes);
    const outlet = { writable: true, writableLength: 0, bytesWritten: 0, cork() {}, uncork() {} };
    return new SendQueue({ ...outlet, write: (bytes) => writes.push(bytes) > 0 });
  });
  const [a, b, c] = ["<a>", "<b>", "<c>"].map((text) => Buffer.from(text));
  for (const queue of queues.slice(0, 2)) for (const frame of [a!, b!]) queue.push(frame);
  for (const frame of [a!, c!]) queues[2]!.push(frame);
  queues[3]!.push(a!);
  for (const queue of queues) queue.pump();
  expect(written.map((writes) => writes.map(String))).toEqual([["<a><b>"], ["<a><b>"], ["<a><c>"], ["<a>"]]);
  expect(written[1]![0]).toBe(written[0]![0]);
  expect(written[3]![0]).toBe(a);
});

test("A65: what a paused reader leaves is counted in messages and bytes, and comes out whole when it reads", async () => {
  const { outlet, reader } = await socketPair();
  outlet.on("drain", () => queue.pump());
  const queue = new SendQueue(outlet);
  reader.pause();
  const frames = 9_000;
  const frame = Buffer.alloc(1_024, "x");
  for (let n = 0; n < frames; n++) {
    queue.push(Buffer.concat([frame.subarray(8), Buffer.from(String(n).padStart(8, "0"))]));
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const { depth, bytes } = queue.waiting();
  expect(depth).toBeGreaterThan(100);
  expect(bytes).toBe(depth * 1_024);
  expect(outlet.writableLength).toBeLessThan(65_536 + 2 * 1_024);

  const all = await readBytes(reader, frames * 1_024);
  expect(all.length).toBe(frames * 1_024);
  for (let n = 0; n < frames; n++) {
    expect(all.toString("latin1", (n + 1) * 1_024 - 8, (n + 1) * 1_024)).toBe(String(n).padStart(8, "0"));
  }
  expect(queue.waiting().depth).toBe(0);
});

test("A64: a socket that passes nothing on grows old even with an empty ring", () => {
  let nowMs = 0;
  const outlet = {
    writable: true,
    writableLength: 0,
    bytesWritten: 0,
    write: () => true,
    cork() {},
    uncork() {},
  };
  const queue = new SendQueue(outlet, () => nowMs);
  expect(queue.waiting().ageMs).toBe(0);
  outlet.writableLength = outlet.bytesWritten = 500;
  nowMs = 5_000;
  queue.waiting();
  nowMs = 20_000;
  expect(queue.waiting()).toEqual({ depth: 0, bytes: 0, ageMs: 20_000 });
  outlet.writableLength = 100;
  expect(queue.waiting().ageMs).toBe(0);
});

test("A121: once empty it says so, after everything before was written", async () => {
  const { outlet, reader } = await socketPair();
  const queue = new SendQueue(outlet);
  queue.push(Buffer.from("last words"));
  await new Promise<void>((resolve) => queue.onceEmpty(resolve));
  outlet.end();
  expect(String(await readBytes(reader, 10))).toBe("last words");
});
