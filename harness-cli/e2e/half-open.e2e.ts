import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { RawStompClient } from "./raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "./reference-system.ts";

/** Beats of 7.5 s: a dead client is closed after 11 s, a live one may be held up for 3 s. */
const TIME_SCALE = 0.3;
const WAIT_MS = 60_000;
const QUEUE = "/user/queue/loan-status";
const INTERNAL = "the internal token";

let system: ReferenceSystem;
let redis: Redis;
const open: RawStompClient[] = [];
let names = 0;
const newName = () => `user-${++names}`;
const eventually = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { timeout: WAIT_MS, interval: 50 });

beforeAll(async () => {
  system = await bringUpReference(2, TIME_SCALE, { INTERNAL_TOKEN: INTERNAL });
  redis = new Redis(system.target.topology.stores.find((one) => one.engine === "redis")!.url);
});
afterAll(async () => {
  for (const client of open) {
    client.ws.resume();
    client.ws.terminate();
  }
  redis?.disconnect();
  await system?.[Symbol.asyncDispose]();
});

async function listen(server: number, user: string, lastSeen?: number): Promise<RawStompClient> {
  const client = await RawStompClient.connect(system, server, user);
  open.push(client);
  client.send("SUBSCRIBE", {
    ...{ id: "s", destination: QUEUE, receipt: "s" },
    ...(lastSeen === undefined ? {} : { "last-seen-sequence": String(lastSeen) }),
  });
  await client.receipt("s");
  return client;
}

async function push(server: number, user: string, ...numbers: readonly number[]): Promise<void> {
  for (const n of numbers) {
    // A store that is held up refuses, and is asked again with the same key.
    await eventually(async () => {
      const response = await fetch(system.page(server, `/internal/push/user/${user}`), {
        method: "POST",
        headers: { authorization: `Bearer ${INTERNAL}`, "idempotency-key": `${user} ${n}` },
        body: JSON.stringify({ destination: "/queue/loan-status", payload: { n } }),
      });
      expect(response.ok).toBe(true);
    });
  }
}

const got = (client: RawStompClient) =>
  client.frames
    .filter(({ headers }) => headers.destination === QUEUE)
    .map(({ body }) => (JSON.parse(body) as { n: number }).n);
const untaken = (user: string) => redis.hlen(`ws:untaken:${user}/queue/loan-status`);

/** A client that heard the first message and said so, and from now on takes everything and hears nothing. */
async function zombie(user: string): Promise<RawStompClient> {
  const client = await listen(1, user);
  await push(2, user, 1);
  await eventually(async () => expect([got(client), await untaken(user)]).toEqual([[1], 0]));
  client.ws.pause();
  return client;
}

test.concurrent("B63, A112: what went to a half-open client waits in the offline buffer once it is closed", async () => {
  const user = newName();
  await zombie(user);
  await push(2, user, 2, 3);
  await eventually(async () => expect(await redis.llen(`ws:buffer:${user}`)).toBe(2));
  expect(await untaken(user)).toBe(0);
  await push(1, user, 4);
  const back = await listen(2, user);
  await push(1, user, 5);
  await eventually(async () => expect([got(back), await untaken(user)]).toEqual([[2, 3, 4, 5], 0]));
});

test.concurrent("B63: a user who is back before that gets it too, without saying what was seen", async () => {
  const user = newName();
  await zombie(user);
  await push(2, user, 2, 3);
  const back = await listen(2, user);
  await push(2, user, 4);
  await eventually(() => expect(got(back)).toContain(4));
  // Whether the other session takes it is open until its time is over; then it comes late, and once.
  await eventually(async () => expect([got(back).toSorted(), await untaken(user)]).toEqual([[2, 3, 4], 0]));
  expect(new Set(back.frames.map(({ headers }) => headers["message-id"])).size).toBe(back.frames.length - 1);
});

test.concurrent("B63, A107: who says what was seen gets it at once, and not again when its time is over", async () => {
  const user = newName();
  const dead = await zombie(user);
  const seen = Number(dead.frames.find(({ command }) => command === "MESSAGE")!.headers.seq);
  await push(2, user, 2, 3);
  const back = await listen(2, user, seen);
  expect(got(back)).toEqual([2, 3]);
  await eventually(async () => expect(await untaken(user)).toBe(0));
  await push(1, user, 4);
  await eventually(() => expect(got(back)).toEqual([2, 3, 4]));
});

test.concurrent("B63, A112: what a half-open client took out of the offline buffer comes to the session that is there when it is closed", async () => {
  const user = newName();
  await push(2, user, 1);
  await eventually(async () => expect(await redis.llen(`ws:buffer:${user}`)).toBe(1));
  const dead = await RawStompClient.connect(system, 1, user);
  open.push(dead);
  dead.send("SUBSCRIBE", { id: "s", destination: QUEUE });
  dead.ws.pause();
  await eventually(async () => expect(await redis.llen(`ws:buffer:${user}`)).toBe(0));
  const back = await listen(2, user);
  await push(1, user, 2);
  await eventually(() => expect(got(back)).toEqual([2]));
  await eventually(async () => expect([got(back), await untaken(user)]).toEqual([[2, 1], 0]));
  expect(await redis.exists(`ws:buffer:${user}`)).toBe(0);
});

test.concurrent("B63, A107: what nobody has shown to have taken comes, also to who has seen something newer", async () => {
  const user = newName();
  await zombie(user);
  await push(2, user, 2);
  const between = await listen(2, user);
  await push(2, user, 3);
  await eventually(() => expect(got(between)).toEqual([3]));
  const seen = Number(between.frames.find(({ command }) => command === "MESSAGE")!.headers.seq);
  between.ws.terminate();
  await between.closed;
  const again = await listen(2, user, seen);
  await eventually(async () => expect([got(again), await untaken(user)]).toEqual([[2], 0]));
});

test.concurrent("B63, I89: a second tab beside a live one gets what is new, and nothing twice", async () => {
  const user = newName();
  const first = await listen(1, user);
  await push(1, user, 1);
  const second = await listen(2, user);
  await push(2, user, 2);
  await eventually(async () => {
    expect([got(first), got(second), await untaken(user)]).toEqual([[1, 2], [2], 0]);
  });
});

test("B63, A118: what an instance took with it when it was killed comes from the next one", async () => {
  const user = newName();
  const dead = await zombie(user);
  await push(2, user, 2, 3);
  const server = system.target.topology.processes.find(({ name }) => name === "server-1")!;
  await server.signal("SIGKILL");
  dead.ws.resume();
  await dead.closed;
  const back = await listen(2, user);
  await eventually(async () => expect([got(back), await untaken(user)]).toEqual([[2, 3], 0]));
});
