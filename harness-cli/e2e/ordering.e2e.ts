import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { orderingModes } from "../../target-server/ordering/ordering.ts";
import { RoomLock } from "../../target-server/ordering/room-lock.ts";
import { counterKey, fenceKey, LOG_KEY, withRelayScripts } from "../../target-server/relay/scripts.ts";
import { RawStompClient } from "./raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "./reference-system.ts";

const WAIT_MS = 30_000;
const MESSAGES = 40;
const settings = { USER_RATE: "off", SESSION_RATE: "off" };

const open: RawStompClient[] = [];
let names = 0;
const newName = (kind: string) => `${kind}-${++names}`;
const numbers = Array.from({ length: MESSAGES }, (_, n) => n + 1);
const eventually = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { timeout: WAIT_MS, interval: 50 });

afterEach(() => {
  for (const client of open.splice(0)) client.ws.terminate();
});

describe.each(orderingModes)("with ORDERING=%s", (mode) => {
  let system: ReferenceSystem;
  let redis: Redis;
  beforeAll(async () => {
    system = await bringUpReference(2, 1, { ...settings, ORDERING: mode });
    redis = new Redis(system.target.topology.stores.find((one) => one.engine === "redis")!.url);
  });
  afterAll(async () => {
    redis?.disconnect();
    await system?.[Symbol.asyncDispose]();
  });

  async function connect(server: number): Promise<RawStompClient> {
    const client = await RawStompClient.connect(system, server, newName("user"));
    open.push(client);
    return client;
  }

  test("A105, B72: two senders on two instances: one order for all, and what the mode promises of each sender", async () => {
    const room = newName("room");
    const clients = [await connect(1), await connect(2)] as const;
    for (const client of clients) {
      await client.subscribe(`/topic/room.${room}`);
      await client.subscribe("/user/queue/reply");
    }
    for (const n of numbers) for (const [at, client] of clients.entries()) client.say(room, `${at} ${n}`);
    // A store or a lock that is too slow refuses a message visibly: such a one is not looked for.
    const confirmed = await Promise.all(
      clients.map(async (client, at) => {
        const answers = await Promise.all(numbers.map((n) => answer(client, `${at} ${n}`)));
        return numbers.filter((n) => answers[n - 1] === "RECEIPT");
      }),
    );
    await eventually(() => {
      const [mine, theirs] = clients.map((client) => bodies(client, room));
      for (const at of [0, 1]) {
        expect(ofSender(mine!, at)).toEqual(expect.arrayContaining(confirmed[at]!));
        expect(confirmed[at]).not.toEqual([]);
      }
      expect(mine).toEqual(theirs);
    });
    const mine = bodies(clients[0], room);
    expect(mine.map(({ seq }) => seq)).toEqual(mine.map((_, n) => n + 1));
    expect(clients[0].frames[0]!.headers.ordering).toBe(mode);

    const sorted = {
      seq: mine,
      "room-queue": mine,
      lock: mine,
      // By the time of the server, and by id where that is the same.
      timestamp: mine.toSorted((a, b) => a.ts - b.ts || (a.id < b.id ? -1 : 1)),
      none: undefined,
    }[mode];
    for (const sender of [0, 1]) {
      const said = ofSender(sorted ?? mine, sender);
      const inOrder = said.toSorted((a, b) => a - b);
      expect(new Set(said).size).toBe(said.length);
      if (sorted !== undefined) expect(said).toEqual(inOrder);
    }
    // Nothing of a room stays behind (B71).
    await eventually(async () => {
      expect([await system.series(1, "room_queues"), await system.series(2, "room_queues")]).toEqual([0, 0]);
    });
    expect(await redis.keys("lock:room:*")).toEqual([]);
  });

  test.runIf(mode === "lock")("A105: a room whose lock is held says so, others go on", async () => {
    const [held, free] = [newName("room"), newName("room")];
    const ann = await connect(1);
    await ann.subscribe("/user/queue/reply");
    // Somebody who has it for good.
    await redis.set(`lock:room:${held}`, "7");
    ann.say(held, "waits");
    ann.say(free, "passes");
    await ann.receipt("passes");
    const reply = await ann.next(({ headers }) => headers["receipt-id"] === "waits");
    expect(reply.headers).toMatchObject({ outcome: "rejected", message: "the room is busy" });
    await redis.del(`lock:room:${held}`);
    ann.say(held, "again");
    await ann.receipt("again");
  });

  test.runIf(mode === "lock")("A105, B73: the lock of a holder that died runs out", async () => {
    const room = newName("room");
    const ann = await connect(1);
    await redis.set(`lock:room:${room}`, "7", "PX", 500);
    ann.say(room, "after it");
    await ann.receipt("after it");
    const forEver = new RoomLock({ redis, lifeMs: Number.POSITIVE_INFINITY });
    const other = newName("room");
    expect(await forEver.take(other)).toBe(1);
    expect(await redis.pttl(`lock:room:${other}`)).toBe(-1);
    await forEver.release(other, 1);
  });

  test.runIf(mode === "lock")("A105, I62: who asked first has the lock first", async () => {
    const room = newName("room");
    const lock = new RoomLock({ redis, lifeMs: 60_000 });
    const held = (await lock.take(room))!;
    const order: string[] = [];
    const ask = async (name: string) => {
      const fence = await lock.take(room);
      if (fence === undefined) return;
      order.push(name);
      await lock.release(room, fence);
    };
    const asking: Promise<void>[] = [];
    for (const [n, name] of ["first", "second", "third"].entries()) {
      asking.push(ask(name));
      await eventually(async () => expect(await redis.llen(`lock:waiting:${room}`)).toBe(n + 1));
    }
    await lock.release(room, held);
    await Promise.all(asking);
    expect(order).toEqual(["first", "second", "third"]);
  });

  test.runIf(mode === "lock")("A105: who lost the lock without knowing cannot publish under it", async () => {
    const room = newName("room");
    const lock = new RoomLock({ redis, lifeMs: 100 });
    const scripts = withRelayScripts(redis);
    const publish = (id: string, fence: number) =>
      scripts.publishMessage(
        ...([counterKey(room), `sent:${id}`, LOG_KEY, fenceKey(room)] as const),
        ...(["ws:test", '"seq":', ',"n":', "}", "0", String(fence)] as const),
      );
    await redis.set(counterKey(room), 0);
    const slow = (await lock.take(room))!;
    const next = (await lock.take(room))!;
    expect(next).toBe(slow + 1);
    expect(await publish("late", slow)).toBe(-1);
    expect(await publish("next", next)).toBe(1);
    // And it cannot take the lock from who has it now.
    await new RoomLock({ redis, lifeMs: 60_000 }).take(room);
    await lock.release(room, slow);
    expect(await redis.exists(`lock:room:${room}`)).toBe(1);
    await redis.del(`lock:room:${room}`);
  });
});

interface Said {
  readonly id: string;
  readonly seq: number;
  readonly ts: number;
  readonly content: string;
}

/** RECEIPT, or MESSAGE of the reply queue. */
async function answer(client: RawStompClient, receipt: string): Promise<string> {
  return (await client.next(({ headers }) => headers["receipt-id"] === receipt)).command;
}

function ofSender(said: readonly Said[], sender: number): number[] {
  return said
    .filter(({ content }) => content.startsWith(`${sender} `))
    .map(({ content }) => Number(content.slice(2)));
}

function bodies(client: RawStompClient, room: string): Said[] {
  return client.frames
    .filter((got) => got.headers.destination === `/topic/room.${room}`)
    .map((got) => JSON.parse(got.body) as Said);
}
