import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { envelopeBody } from "../../target-server/envelope.ts";
import { LOG_KEY, LOG_LENGTH } from "../../target-server/relay/scripts.ts";
import { readStreams } from "../../target-server/relay/stream-reader.ts";
import { RawStompClient } from "./raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "./reference-system.ts";

const WAIT_MS = 30_000;
const settings = { USER_RATE: "off", SESSION_RATE: "off" };

const open: RawStompClient[] = [];
let names = 0;
const newName = (kind: string) => `${kind}-${++names}`;
const numbers = (count: number) => Array.from({ length: count }, (_, n) => String(n + 1));
const eventually = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { timeout: WAIT_MS, interval: 50 });

afterEach(() => {
  for (const client of open.splice(0)) client.ws.terminate();
});

describe.each(["pubsub", "streams"] as const)("with RELAY=%s", (relay) => {
  let system: ReferenceSystem;
  let redis: Redis;
  beforeAll(async () => {
    // Beats and limits longer than any stall.
    system = await bringUpReference(2, 1, { ...settings, RELAY: relay });
    redis = new Redis(system.target.topology.stores.find((one) => one.engine === "redis")!.url);
  });
  afterAll(async () => {
    redis?.disconnect();
    await system?.[Symbol.asyncDispose]();
  });

  async function connect(server: number, user: string): Promise<RawStompClient> {
    const client = await RawStompClient.connect(system, server, user);
    open.push(client);
    return client;
  }
  async function resume(server: number, room: string): Promise<RawStompClient> {
    const client = await connect(server, newName("bob"));
    client.send("SUBSCRIBE", {
      ...{ id: "s", destination: `/topic/room.${room}`, receipt: "s", "last-seen-sequence": "0" },
    });
    await client.receipt("s");
    return client;
  }

  const link = (name: string) => system.target.topology.links.find((one) => one.name === name)!;

  describe("a break of one instance's link", () => {
    test("A94: 300 messages of two senders are heard afterwards, each once, in one order for all", async () => {
      const room = newName("room");
      const [ann, eve] = [await connect(1, newName("ann")), await connect(1, newName("eve"))];
      const bob = await connect(2, newName("bob"));
      for (const client of [ann, bob]) await client.subscribe(`/topic/room.${room}`);
      for (const client of [ann, eve]) await client.subscribe("/user/queue/reply");
      const confirmed: string[] = [];
      await link("server-2/redis").cut();
      try {
        for (const n of numbers(150)) {
          ann.say(room, `ann ${n}`);
          eve.say(room, `eve ${n}`);
        }
        // A store that is held up refuses some, visibly.
        for (const [name, client] of Object.entries({ ann, eve })) {
          for (const n of numbers(150)) {
            const id = `${name} ${n}`;
            const answer = await client.next(({ headers }) => headers["receipt-id"] === id);
            if (answer.command === "RECEIPT") confirmed.push(id);
          }
        }
        expect(confirmed).not.toEqual([]);
        await eventually(() => expect(ann.contents(room)).toEqual(expect.arrayContaining(confirmed)));
      } finally {
        await link("server-2/redis").mend();
      }
      await eventually(() => {
        expect(bob.contents(room)).toEqual(ann.contents(room));
      });
      for (const sender of ["ann", "eve"]) {
        const own = bob.contents(room).filter((content) => content.startsWith(sender));
        const all = numbers(150).map((n) => `${sender} ${n}`);
        expect(own).toEqual(all.filter((content) => own.includes(content)));
      }
    });

    test("A94, A108: after one that is longer than the log, the instance goes on, and fills the gap from the store", async () => {
      const room = newName("room");
      const ann = await connect(1, newName("ann"));
      const listener = await connect(2, newName("eve"));
      await listener.subscribe(`/topic/room.${room}`);
      ann.say(room, "before");
      // The other instance knows of the room, and so could believe that it knows all of it.
      await listener.heard(room, "before");
      await link("server-2/redis").cut();
      try {
        ann.say(room, "meanwhile");
        await ann.receipt("meanwhile");
        await eventually(async () => expect(await redis.get(`seq:room:${room}`)).toBe("2"));
        await floodLog(redis, LOG_LENGTH + 500);
        // MAXLEN ~ trims whole nodes of the stream: about, never below.
        const length = await redis.xlen(LOG_KEY);
        expect(length).toBeGreaterThanOrEqual(LOG_LENGTH);
        expect(length).toBeLessThanOrEqual(LOG_LENGTH + 200);
      } finally {
        await link("server-2/redis").mend();
      }
      await eventually(async () =>
        expect((await fetch(system.page(2, "/actuator/health/readiness"))).status).toBe(200),
      );
      const bob = await resume(2, room);
      ann.say(room, "after");
      await bob.heard(room, "after");
      expect(bob.contents(room)).toEqual(["before", "meanwhile", "after"]);
    });
  });

  test("A94, A108: an instance that was held up for longer than the log knows what it cannot know", async () => {
    const room = newName("room");
    const [ann, eve] = [await connect(1, newName("ann")), await connect(2, newName("eve"))];
    await eve.subscribe(`/topic/room.${room}`);
    ann.say(room, "before");
    await eve.heard(room, "before");
    const server = system.target.topology.processes.find(({ name }) => name === "server-2")!;
    await server.signal("SIGSTOP");
    try {
      // A read that waits in Redis is answered with this one, and with no other.
      await floodLog(redis, 1);
      ann.say(room, "meanwhile");
      await eventually(async () => expect(await redis.get(`seq:room:${room}`)).toBe("2"));
      await floodLog(redis, LOG_LENGTH + 500);
    } finally {
      await server.signal("SIGCONT");
    }
    ann.say(room, "after");
    await eve.heard(room, "after");
    // Live it may have been missed; a resume must not pass that off as everything.
    const bob = await resume(2, room);
    await bob.heard(room, "after");
    expect(bob.contents(room)).toEqual(["before", "meanwhile", "after"]);
  });

  test.runIf(relay === "streams")(
    "A94: a reader that is behind the end of the log notices what it skips",
    async () => {
      using reading = Object.assign(redis.duplicate(), { [Symbol.dispose]: () => reading.disconnect() });
      await floodLog(redis, 1);
      const from = await newestInLog(redis);
      await floodLog(redis, LOG_LENGTH + 500);
      const end = await newestInLog(redis);
      let last = from;
      let read = 0;
      let missed = 0;
      await readStreams({
        ...{ reading, commands: redis, serverId: "test", readStream: ({ own }) => own() },
        isOpen: () => last !== end,
        lastLogId: () => last,
        logged: (id) => {
          last = id;
          read += 1;
        },
        fleeting: () => {},
        missed: () => {
          missed += 1;
        },
      });
      expect(read).toBeLessThan(LOG_LENGTH + 500);
      expect(missed).toBe(1);
    },
  );
});

async function newestInLog(redis: Redis): Promise<string> {
  const [newest] = await redis.xrevrange(LOG_KEY, "+", "-", "COUNT", 1);
  return newest![0];
}

/** Entries for nobody, as an instance would write them. */
async function floodLog(redis: Redis, entries: number): Promise<void> {
  const body = envelopeBody({
    ...{ destination: "/topic/tier.nobody", userId: null, originServerId: "flood", timestamp: Date.now() },
    ...{ msgId: "flood", seq: 0, payload: "null" },
  });
  for (let from = 0; from < entries; from += 1_000) {
    const pipeline = redis.pipeline();
    for (let n = from; n < Math.min(entries, from + 1_000); n++) {
      pipeline.xadd(LOG_KEY, "MAXLEN", "~", LOG_LENGTH, "*", "e", body);
    }
    await pipeline.exec();
  }
}
