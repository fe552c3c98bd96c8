import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { RawStompClient } from "./raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "./reference-system.ts";

const CLIENTS = 60;
const ROUNDS = 4;
const WAIT_MS = 30_000;
/** What belongs to the instances and not to clients or rooms; each bounded by itself. */
const LASTING = ["instances", "relay:log", "revoked:version"];

let system: ReferenceSystem;
let redis: Redis;
const eventually = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { timeout: WAIT_MS, interval: 100 });

beforeAll(async () => {
  // Two connections to Postgres are open after the first round, whatever the machine does meanwhile.
  system = await bringUpReference(1, 1, { USER_RATE: "off", SESSION_RATE: "off", DB_POOL_MAX: "2" });
  redis = new Redis(system.target.topology.stores.find((one) => one.engine === "redis")!.url);
});
afterAll(async () => {
  redis?.disconnect();
  await system?.[Symbol.asyncDispose]();
});

test("A58, A88, B11, B71: rounds of clients in rooms of their own leave as much behind as the first one: nothing", async () => {
  const after: { readonly files: number; readonly lasting: readonly string[] }[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    await comeAndGo(round);
    await eventually(async () => {
      expect(await system.series(1, "websocket_connections_active")).toBe(0);
      expect(await system.series(1, "websocket_subscriptions_active")).toBe(0);
      expect(await redis.keys("sessions:*")).toEqual([]);
      expect(await redis.keys("presence*")).toEqual([]);
      expect(await redis.keys("ws:*")).toEqual([]);
    });
    const open = await redis.client("LIST");
    expect(String(open).match(/name=(commands|subscription|users|users-subscription) /g)?.length).toBe(4);
    after.push({ files: await openFiles(), lasting: await keysForEver() });
  }
  for (const { lasting } of after) {
    expect(lasting.filter((key) => !LASTING.includes(key) && !key.startsWith("relay:"))).toEqual([]);
  }
  // The page that is asked for its files is one of them; a socket that is just being closed may be another.
  expect(after.at(-1)!.files).toBeLessThanOrEqual(after[0]!.files + 2);
});

/** Everyone listens in four rooms, talks, and leaves: with DISCONNECT, with a close frame, or as if the line were cut. */
async function comeAndGo(round: number): Promise<void> {
  const room = (n: number) => `room-${round}-${n % CLIENTS}`;
  const numbers = Array.from({ length: CLIENTS }, (_, n) => n);
  await Promise.all(
    numbers.map(async (n) => {
      const client = await RawStompClient.connect(system, 1, `user-${round}-${n}`);
      for (const apart of [0, 1, 2, 3]) await client.subscribe(`/topic/room.${room(n + apart)}`);
      await client.subscribe("/user/queue/direct-messages");
      await client.subscribe("/user/queue/reply");
      client.say(room(n), "hello", "hello");
      client.send("SEND", { destination: `/app/chat.typing/${room(n)}`, receipt: "typing" }, "{}");
      // Or the reply that says why not: a store that is held up refuses, and that leaves nothing behind either.
      for (const id of ["hello", "typing"]) await client.next(({ headers }) => headers["receipt-id"] === id);
      if (n % 3 === 0) {
        client.send("DISCONNECT", { receipt: "bye" });
        await client.receipt("bye");
      }
      if (n % 3 === 2) client.ws.terminate();
      else client.ws.close();
      await client.closed;
    }),
  );
}

async function openFiles(): Promise<number> {
  let files = 0;
  await eventually(async () => {
    const before = files;
    files = await system.series(1, "process_open_fds");
    expect(files).toBe(before);
  });
  return files;
}

async function keysForEver(): Promise<string[]> {
  const keys = await redis.keys("*");
  const lives = await Promise.all(keys.map((key) => redis.pttl(key)));
  return keys.filter((_, n) => lives[n] === -1).sort();
}
