import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import { listen } from "./listener.ts";

const servers: WebSocketServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    for (const client of server.clients) client.terminate();
    server.close();
  }
});

/** Just enough STOMP to listen to; what each server was subscribed to. */
async function start(count: number): Promise<{ endpoints: string[]; asked: string[][] }> {
  const asked: string[][] = [];
  const endpoints: string[] = [];
  for (let n = 0; n < count; n++) {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "v12.stomp" });
    servers.push(server);
    await once(server, "listening");
    endpoints.push(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`);
    const own: string[] = [];
    asked.push(own);
    server.on("connection", (socket) =>
      socket.on("message", (data) => {
        const text = String(data);
        if (text.startsWith("CONNECT")) socket.send("CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0");
        const destination = /\ndestination:(.*)/.exec(text)?.[1];
        if (destination === undefined) return;
        own.push(destination);
        socket.send("RECEIPT\nreceipt-id:subscribed\n\n\0");
      }),
    );
  }
  return { endpoints, asked };
}

const listener = (endpoints: readonly string[], subscriptions: number) =>
  listen(
    {
      ...{ startEpochMs: 0, nonce: "abc123", timeScale: 1, subscriptions, endpoints },
      access: { kind: "headers", headers: {} },
    },
    () => 0,
  );

test("D1: one room is listened to on every instance: the one without a listener could be the slow one", async () => {
  const { endpoints, asked } = await start(3);
  const probe = listener(endpoints, 6);
  for (let client = 0; client < 60; client++) probe.add("/topic/room.0");
  await vi.waitFor(() => expect(probe.take(1_000)).toMatchObject({ subscriptions: 3, everywhere: true }));
  expect(asked).toEqual([["/topic/room.0"], ["/topic/room.0"], ["/topic/room.0"]]);
  for (let room = 0; room < 9; room++) probe.add(`/topic/room.${room}`);
  await vi.waitFor(() => expect(probe.take(2_000).subscriptions).toBe(6));
  expect(asked.map((own) => own[1])).toEqual(["/topic/room.1", "/topic/room.2", "/topic/room.3"]);
  await probe.close(100);
});

test("with fewer subscriptions than instances it says that it is not everywhere", async () => {
  const { endpoints } = await start(3);
  const probe = listener(endpoints, 2);
  probe.add("/topic/room.0");
  await vi.waitFor(() => expect(probe.take(1_000).subscriptions).toBe(2));
  expect(probe.take(2_000)).not.toHaveProperty("everywhere");
  await probe.close(100);
});
