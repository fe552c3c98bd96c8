import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Log } from "./log.ts";
import { connectSharedRedis } from "./shared-redis.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} } as unknown as Log;

/** Speaks just enough RESP for a handshake; what it does with a SUBSCRIBE is each connection's own. */
async function redisThat(onSubscribe: (socket: net.Socket, connection: number) => void): Promise<number> {
  let connections = 0;
  const server = net.createServer((socket) => {
    const connection = ++connections;
    socket.on("error", () => {});
    socket.on("data", (data) => {
      for (const command of String(data)
        .toLowerCase()
        .split(/(?=\*\d+\r\n)/)) {
        if (command.includes("hello")) socket.write("-NOPROTO unsupported protocol version\r\n");
        else if (command.includes("subscribe\r\n")) onSubscribe(socket, connection);
        else if (command.includes("info")) socket.write("$9\r\nloading:0\r\n");
        else socket.write("+OK\r\n");
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test("E22: a Redis that breaks each new connection at once ends no process: nothing is rejected where nobody catches it", async () => {
  const uncaught: unknown[] = [];
  const note = (reason: unknown) => void uncaught.push(reason);
  process.on("unhandledRejection", note);
  onTestFinished(() => void process.off("unhandledRejection", note));
  const broken = Promise.withResolvers<void>();
  const port = await redisThat((socket, connection) => {
    if (connection === 1) {
      socket.write("*3\r\n$9\r\nsubscribe\r\n$4\r\nbans\r\n:1\r\n");
      setImmediate(() => socket.destroy());
    } else {
      socket.destroy();
      if (connection === 4) broken.resolve();
    }
  });
  await using redis = connectSharedRedis("users-subscription", { host: "127.0.0.1", port }, silent);
  const rejected: unknown[] = [];
  redis.on("ready", () => void redis.subscribe("bans").catch((error: unknown) => rejected.push(error)));
  await broken.promise;
  expect(rejected.length).toBeGreaterThan(0);
  expect(uncaught).toEqual([]);
});
