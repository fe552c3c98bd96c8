import { Redis } from "ioredis";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Frame, Headers } from "../../target-server/stomp/frame.ts";
import { RawStompClient } from "./raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "./reference-system.ts";

/** Real times: nobody is closed here because this machine stood still. */
const TIME_SCALE = 1;
const WAIT_MS = 30_000;
/** Without a sign of the instance, which gives one three times in this. */
const PRESENCE_MS = 6_000;
const INTERNAL = "the internal token";
const REPLAY_MAX = 150;
const settings = {
  INTERNAL_TOKEN: INTERNAL,
  REPLAY_MAX: String(REPLAY_MAX),
  BUFFER_MAX: "20",
  USER_RATE: "off",
  SESSION_RATE: "off",
  PRESENCE_TTL_MS: String(PRESENCE_MS),
  RECEIPT_WINDOW_MS: "100",
  PRESENCE_WINDOW_MS: "100",
  // One typing event of a user in a room is all that a test ever sees.
  TYPING_EVERY_MS: "600000",
  DRAIN_MS: "100",
};

const open: RawStompClient[] = [];
let names = 0;
const newName = (kind: string) => `${kind}-${++names}`;

afterEach(() => {
  for (const client of open.splice(0)) client.ws.terminate();
});

/** One system with everything a test asks of it. */
class World implements AsyncDisposable {
  readonly system: ReferenceSystem;
  readonly redis: Redis;

  constructor(system: ReferenceSystem) {
    this.system = system;
    this.redis = new Redis(system.target.topology.stores.find((one) => one.engine === "redis")!.url);
  }

  async connect(server: number, user: string): Promise<RawStompClient> {
    const client = await RawStompClient.connect(this.system, server, user);
    open.push(client);
    return client;
  }

  async get(server: number, where: string, user: string) {
    const headers = { authorization: `Bearer ${await this.system.token(user)}` };
    const response = await fetch(this.system.page(server, where), {
      headers,
      signal: AbortSignal.timeout(WAIT_MS),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async push(server: number, where: string, body: unknown, key?: string, token = INTERNAL) {
    const response = await fetch(this.system.page(server, where), {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        ...(key === undefined ? {} : { "idempotency-key": key }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(WAIT_MS),
    });
    return { status: response.status, body: (await response.json()) as { id: string } };
  }

  async [Symbol.asyncDispose]() {
    this.redis.disconnect();
    await this.system[Symbol.asyncDispose]();
  }
}

async function subscribe(client: RawStompClient, destination: string, headers: Headers = {}): Promise<void> {
  const receipt = newName("receipt");
  client.send("SUBSCRIBE", { id: destination, destination, receipt, ...headers });
  await client.receipt(receipt);
}

async function send(client: RawStompClient, destination: string, body: unknown = {}, headers: Headers = {}) {
  const receipt = newName("receipt");
  client.send("SEND", { destination, receipt, ...headers }, JSON.stringify(body));
  await client.receipt(receipt);
}

async function say(client: RawStompClient, room: string, ...contents: string[]): Promise<void> {
  await Promise.all(contents.map((content) => send(client, `/app/chat.send/${room}`, { content })));
}

/** A RECEIPT says stored, not published: who comes later must find what the others have heard on that instance. */
async function sayUntilHeard(
  client: RawStompClient,
  witness: RawStompClient,
  room: string,
  ...contents: string[]
): Promise<void> {
  if (witness.contents(room).length === 0) await subscribe(witness, `/topic/room.${room}`);
  await say(client, room, ...contents);
  await witness.heard(room, contents.at(-1)!);
}

const on = (client: RawStompClient, destination: string): Frame[] =>
  client.frames.filter((got) => got.command === "MESSAGE" && got.headers.destination === destination);
const seqsOf = (frames: readonly Frame[]) => frames.map((got) => Number(got.headers.seq));
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
const eventually = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { timeout: WAIT_MS, interval: 20 });

describe.each(["pubsub", "streams"] as const)("with RELAY=%s", (relay) => {
  let world: World;
  beforeAll(async () => {
    world = new World(await bringUpReference(2, TIME_SCALE, { ...settings, RELAY: relay }));
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  test("A90, A94, A143: a room is heard on both instances, once and in order", async () => {
    const room = newName("room");
    const [ann, bob] = [await world.connect(1, "ann"), await world.connect(2, "bob")];
    for (const client of [ann, bob]) await subscribe(client, `/topic/room.${room}`);
    for (const content of ["a", "b", "c"]) {
      await say(content === "b" ? bob : ann, room, content);
      // A RECEIPT says stored, not published: only what was heard comes before what another instance accepts.
      await Promise.all([ann.heard(room, content), bob.heard(room, content)]);
    }
    await eventually(() => {
      for (const client of [ann, bob]) expect(client.contents(room)).toEqual(["a", "b", "c"]);
    });
    expect(on(bob, `/topic/room.${room}`).map((got) => got.headers["server-id"])).toEqual([
      "server-1",
      "server-2",
      "server-1",
    ]);
  });

  test("A42, A38, A88: a direct message reaches every session of both users on every instance, and no one else", async () => {
    const [from, to, other] = [newName("ann"), newName("bob"), newName("eve")];
    const queue = "/user/queue/direct-messages";
    const clients = await Promise.all([
      world.connect(1, from),
      world.connect(2, from),
      world.connect(1, to),
      world.connect(2, to),
      world.connect(2, other),
    ]);
    for (const client of clients) await subscribe(client, queue);
    const [sender, , , , eve] = clients as [RawStompClient, unknown, unknown, unknown, RawStompClient];
    const once = { "client-message-id": newName("id") };
    await send(sender, "/app/dm.send", { recipientId: to, content: "hello" }, once);
    await eventually(() => {
      expect(clients.slice(0, 4).map((client) => on(client, queue).length)).toEqual([1, 1, 1, 1]);
    });
    // A resend is confirmed, and neither stored nor sent again (A144).
    await send(sender, "/app/dm.send", { recipientId: to, content: "hello" }, once);
    await send(sender, "/app/dm.send", { recipientId: to, content: "again" });
    await eventually(() => {
      for (const client of clients.slice(0, 4)) {
        expect(on(client, queue).map((got) => JSON.parse(got.body).content)).toEqual(["hello", "again"]);
      }
    });
    const [first] = on(clients[3]!, queue);
    expect(Object.keys(JSON.parse(first!.body)).sort()).toEqual([
      "content",
      "id",
      "recipientId",
      "senderId",
      "ts",
    ]);
    expect(JSON.parse(first!.body)).toMatchObject({ senderId: from, recipientId: to });
    expect(on(eve, queue)).toEqual([]);
  });

  test("A43: typing is told to who is there, at its own low rate, and never again", {
    tags: "timed",
  }, async () => {
    const room = newName("room");
    const [ann, bob] = [await world.connect(1, newName("ann")), await world.connect(2, newName("bob"))];
    await subscribe(bob, `/topic/room.${room}.typing`);
    for (let n = 0; n < 5; n++) await send(ann, `/app/chat.typing/${room}`);
    await eventually(() => expect(on(bob, `/topic/room.${room}.typing`).length).toBe(1));
    await say(ann, room, "done");
    const late = await world.connect(1, newName("late"));
    await subscribe(late, `/topic/room.${room}`, { "last-seen-sequence": "0" });
    await late.heard(room, "done");
    expect(late.frames.filter((got) => got.headers.destination?.endsWith(".typing"))).toEqual([]);
    expect(on(bob, `/topic/room.${room}.typing`).length).toBe(1);
  });

  test("A94, A98, A116, I76: what is said while an instance has no Redis is heard there afterwards, once and in order; who typed is not", async () => {
    const room = newName("room");
    const [from, to] = [newName("ann"), newName("bob")];
    const [ann, bob] = [await world.connect(1, from), await world.connect(2, to)];
    await subscribe(bob, `/topic/room.${room}`);
    await subscribe(bob, `/topic/room.${room}.typing`);
    await subscribe(bob, "/user/queue/direct-messages");
    await say(ann, room, "before");
    await bob.heard(room, "before");
    const link = world.system.target.topology.links.find(({ name }) => name === "server-2/redis")!;
    await link.cut();
    try {
      await say(ann, room, "1");
      await send(ann, `/app/chat.typing/${room}`);
      await say(ann, room, "2");
      await send(ann, "/app/dm.send", { recipientId: to, content: "direct" });
    } finally {
      await link.mend();
    }
    await say(ann, room, "after");
    await eventually(() => {
      expect(bob.contents(room)).toEqual(["before", "1", "2", "after"]);
      const direct = on(bob, "/user/queue/direct-messages").map((got) => JSON.parse(got.body).content);
      expect(direct).toEqual(["direct"]);
    });
    expect(on(bob, `/topic/room.${room}.typing`)).toEqual([]);
  });

  test("A45, A99, A102: a segment's event is published once, whoever listens, and an idempotency key is good for one", async () => {
    const tier = `/topic/tier.${newName("gold")}`;
    const clients = await Promise.all([1, 1, 2, 2].map((server) => world.connect(server, newName("user"))));
    for (const client of clients) await subscribe(client, tier);
    const before = await world.system.series(1, "relay_published_total");
    const event = { destination: tier, payload: { text: "sale" } };
    expect((await world.push(1, "/internal/push/topic", event, tier)).status).toBe(202);
    expect((await world.push(2, "/internal/push/topic", event, tier)).status).toBe(200);
    await eventually(() => {
      for (const client of clients)
        expect(on(client, tier).map((got) => JSON.parse(got.body))).toEqual([{ text: "sale" }]);
    });
    expect(await world.system.series(1, "relay_published_total")).toBe(before + 1);
    expect(new Set(clients.map((client) => on(client, tier)[0]!.headers["message-id"])).size).toBe(1);
  });
});

describe("with RELAY=pubsub, on one system", () => {
  let world: World;
  beforeAll(async () => {
    world = new World(await bringUpReference(2, TIME_SCALE, settings));
  });
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
  });
  const processOf = (name: string) =>
    world.system.target.topology.processes.find((one) => one.name === name)!;

  describe("what clients missed", () => {
    test("A107, A51: a resume replays strictly after the sequence, in order, then goes on live without gap or overlap", async () => {
      const room = newName("room");
      const [ann, witness] = [await world.connect(1, newName("ann")), await world.connect(2, newName("eve"))];
      await sayUntilHeard(ann, witness, room, ...numbers(1, 20).map(String));
      const bob = await world.connect(2, newName("bob"));
      // While others speak.
      const saying = say(ann, room, ...numbers(21, 60).map(String));
      await subscribe(bob, `/topic/room.${room}`, { "last-seen-sequence": "5" });
      await saying;
      await eventually(() => expect(seqsOf(on(bob, `/topic/room.${room}`))).toEqual(numbers(6, 60)));
      const eve = await world.connect(2, newName("eve"));
      await subscribe(eve, `/topic/room.${room}`, { "last-seen-sequence": "59" });
      await eventually(() => expect(seqsOf(on(eve, `/topic/room.${room}`))).toEqual([60]));
      const [again] = on(eve, `/topic/room.${room}`);
      const first = on(bob, `/topic/room.${room}`).at(-1)!;
      expect(again!.headers["message-id"]).toBe(first.headers["message-id"]);
      expect(again!.body).toBe(first.body);
    });

    test("A107: room.resume replays to the subscription that is there", async () => {
      const room = newName("room");
      const [ann, witness] = [await world.connect(1, newName("ann")), await world.connect(2, newName("eve"))];
      await sayUntilHeard(ann, witness, room, "1", "2", "3");
      const bob = await world.connect(2, newName("bob"));
      await subscribe(bob, `/topic/room.${room}`);
      await send(bob, `/app/room.resume/${room}`, {}, { "last-seen-sequence": "1" });
      expect(seqsOf(on(bob, `/topic/room.${room}`))).toEqual([2, 3]);
      await say(ann, room, "4");
      await eventually(() => expect(seqsOf(on(bob, `/topic/room.${room}`))).toEqual([2, 3, 4]));
    });

    test("A108, A87: who missed more than is replayed is told so first, and reads the rest by REST", async () => {
      const room = newName("room");
      const [ann, witness] = [await world.connect(1, newName("ann")), await world.connect(2, newName("eve"))];
      const count = REPLAY_MAX + 10;
      for (let n = 1; n <= count; n += 40) {
        await sayUntilHeard(ann, witness, room, ...numbers(n, Math.min(count, n + 39)).map(String));
      }
      const bob = await world.connect(2, newName("bob"));
      await subscribe(bob, `/topic/room.${room}`, { "last-seen-sequence": "2" });
      const [gap, ...rest] = on(bob, `/topic/room.${room}`);
      const from = count - REPLAY_MAX + 1;
      expect(JSON.parse(gap!.body)).toMatchObject({ type: "replay-gap", lastSeen: 2, nextSequence: from });
      expect(seqsOf(rest)).toEqual(numbers(from, count));
      const { history } = JSON.parse(gap!.body) as { history: string };
      const { status, body } = await world.get(2, `${history}&limit=5`, "bob");
      expect(status).toBe(200);
      expect(body).toMatchObject({ roomId: room, nextAfterSeq: 7 });
      expect((body.messages as { seq: number }[]).map(({ seq }) => seq)).toEqual([3, 4, 5, 6, 7]);
      expect(await world.system.series(2, "replay_gap_total")).toBeGreaterThan(0);
      expect((await fetch(world.system.page(2, history))).status).toBe(401);
    });

    test("A39: history answers the requester alone, with the last 50 and their sequences", async () => {
      const room = newName("room");
      const [ann, witness] = [await world.connect(1, newName("ann")), await world.connect(2, newName("eve"))];
      await sayUntilHeard(ann, witness, room, ...numbers(1, 30).map(String));
      await sayUntilHeard(ann, witness, room, ...numbers(31, 55).map(String));
      const [bob, eve] = [await world.connect(2, newName("bob")), await world.connect(2, newName("eve"))];
      await subscribe(eve, `/topic/room.${room}`);
      await subscribe(bob, `/app/chat.history/${room}`);
      const answers = on(bob, `/app/chat.history/${room}`);
      expect(answers.length).toBe(1);
      const messages = JSON.parse(answers[0]!.body) as Record<string, unknown>[];
      expect(messages.map(({ seq }) => seq)).toEqual(numbers(6, 55));
      expect(Object.keys(messages[0]!).sort()).toEqual(["content", "id", "roomId", "senderId", "seq", "ts"]);
      expect(answers[0]!.headers["last-sequence"]).toBe("55");
      // Joined to the live stream (B54).
      await say(ann, room, "56");
      await subscribe(bob, `/topic/room.${room}`, { "last-seen-sequence": "55" });
      await eventually(() => {
        for (const client of [bob, eve]) expect(seqsOf(on(client, `/topic/room.${room}`))).toEqual([56]);
      });
    });

    test("A112, A86, A101, A103: what is pushed to a user who is away waits, comes once and first, and leaves nothing behind", async () => {
      const user = newName("bob");
      const queue = "/user/queue/order.status";
      const pushed = (n: number, server: number, key?: string) =>
        world.push(
          server,
          `/internal/push/user/${user}`,
          { destination: "/queue/order.status", payload: { n } },
          key,
        );
      expect((await pushed(1, 1, `${user} 1`)).status).toBe(202);
      expect((await pushed(1, 2, `${user} 1`)).status).toBe(200);
      expect((await pushed(2, 2)).status).toBe(202);
      await eventually(async () => expect(await world.redis.llen(`ws:buffer:${user}`)).toBe(2));
      expect(await world.redis.pttl(`ws:buffer:${user}`)).toBeGreaterThan(0);

      const tab = await world.connect(1, user);
      await subscribe(tab, queue);
      await pushed(3, 2);
      const payloads = (client: RawStompClient) => on(client, queue).map((got) => JSON.parse(got.body).n);
      await eventually(() => expect(payloads(tab)).toEqual([1, 2, 3]));
      expect(await world.redis.exists(`ws:buffer:${user}`)).toBe(0);
      // Once per user: another tab gets what is live (I89).
      const other = await world.connect(2, user);
      await subscribe(other, queue);
      await pushed(4, 1);
      await eventually(() => expect([payloads(tab), payloads(other)]).toEqual([[1, 2, 3, 4], [4]]));
      // And a client that says what it saw gets what came after it, also from a half-open time (B63).
      const back = await world.connect(2, user);
      await subscribe(back, queue, { "last-seen-sequence": on(tab, queue)[1]!.headers.seq! });
      await eventually(() => expect(payloads(back)).toEqual([3, 4]));

      const { body } = await world.get(1, "/api/notifications?since=0", user);
      expect(body).toMatchObject({ unread: 4 });
      expect((body.notifications as { payload: { n: number } }[]).map(({ payload }) => payload.n)).toEqual([
        1, 2, 3, 4,
      ]);
    });

    test("A112, A107: what was stored first and pushed late comes, also to who has seen what was stored after it", async () => {
      const user = newName("bob");
      const queue = "/user/queue/alerts";
      const pushed = (n: number, server: number) =>
        world.push(server, `/internal/push/user/${user}`, { destination: "/queue/alerts", payload: { n } });
      const payloads = (client: RawStompClient) => on(client, queue).map((got) => JSON.parse(got.body).n);
      const first = await world.connect(2, user);
      await subscribe(first, queue);
      const link = world.system.target.topology.links.find(({ name }) => name === "server-1/redis")!;
      await link.cut();
      try {
        const { id } = (await pushed(1, 1)).body;
        await pushed(2, 2);
        await eventually(() => expect(payloads(first)).toContain(2));
        first.ws.terminate();
        await first.closed;
        // The other instance finds it in the journal, when it has lain there for its 3 s.
        await eventually(async () => {
          const waiting = await world.redis.lrange(`ws:buffer:${user}`, 0, -1);
          expect(waiting.filter((one) => one.includes(id)).length).toBe(1);
        });
      } finally {
        await link.mend();
      }
      const back = await world.connect(2, user);
      const seen = on(first, queue).at(-1)!.headers.seq!;
      await subscribe(back, queue, { "last-seen-sequence": seen });
      await eventually(() => expect([payloads(first), payloads(back)]).toEqual([[2], [1]]));
    });

    test("B62, A112: a push that is repeated, its answer being lost, still waits in the buffer, and the store has it when the buffer has not", async () => {
      const user = newName("bob");
      const event = { destination: "/queue/alerts", payload: { n: 1 } };
      await world.push(1, `/internal/push/user/${user}`, event);
      const store = new pg.Client(
        world.system.target.topology.stores.find(({ engine }) => engine === "postgres")!.url,
      );
      await store.connect();
      try {
        const state = async () => {
          const { rows } = await store.query("SELECT state FROM notifications WHERE user_id = $1", [user]);
          return rows[0]?.state as number;
        };
        await eventually(async () => expect(await state()).toBe(1));
        // As if no answer had come: somebody finds it there, and pushes it again.
        await store.query("UPDATE notifications SET state = 0 WHERE user_id = $1", [user]);
        await eventually(async () => expect(await state()).toBe(1));
      } finally {
        await store.end();
      }
      expect(await world.redis.llen(`ws:buffer:${user}`)).toBe(1);
      await world.redis.del(`ws:buffer:${user}`);
      const tab = await world.connect(2, user);
      await subscribe(tab, "/user/queue/alerts");
      await eventually(() => expect(on(tab, "/user/queue/alerts").length).toBe(1));
    });

    test("A112, I26: what the buffer could not keep comes from the store", async () => {
      const user = newName("bob");
      for (let n = 1; n <= 25; n++) {
        const event = { destination: "/queue/alerts", payload: { n } };
        await world.push(1 + (n % 2), `/internal/push/user/${user}`, event);
      }
      await eventually(async () => expect(await world.redis.llen(`ws:buffer:${user}`)).toBe(20));
      await world.redis.del(`ws:buffer:${user}`);
      await eventually(async () => {
        const { body } = await world.get(1, "/api/notifications?since=0", user);
        expect((body.notifications as unknown[]).length).toBe(25);
      });
      const tab = await world.connect(2, user);
      await subscribe(tab, "/user/queue/alerts");
      await eventually(() =>
        expect(on(tab, "/user/queue/alerts").map((got) => JSON.parse(got.body).n)).toEqual(numbers(1, 25)),
      );
    });

    test("A109: each recipient goes on from its own last message, and acknowledges for itself", async () => {
      const room = newName("room");
      const where = `/topic/room.${room}`;
      const [ann, bob] = [newName("ann"), newName("bob")];
      const sender = await world.connect(1, ann);
      const [first, other] = [await world.connect(1, bob), await world.connect(2, newName("eve"))];
      await subscribe(sender, "/user/queue/receipts");
      await subscribe(first, where);
      await subscribe(other, where);
      await say(sender, room, "1");
      await Promise.all([first.heard(room, "1"), other.heard(room, "1")]);
      first.ws.terminate();
      await say(sender, room, "2");
      await other.heard(room, "2");

      const back = await world.connect(2, bob);
      await subscribe(back, where, { "last-seen-sequence": "1" });
      const again = await back.heard(room, "2");
      expect([back.contents(room), other.contents(room)]).toEqual([["2"], ["1", "2"]]);
      const id = again.headers["message-id"]!;
      await send(back, `/app/message.ack/${id}`);
      await sender.next((got) => got.headers.destination === "/user/queue/receipts");
      const told = on(sender, "/user/queue/receipts").map((got) => JSON.parse(got.body).receipts);
      expect(told).toEqual([[{ userId: bob, status: "DELIVERED", messageIds: [id] }]]);
      // What was confirmed is not sent a third time.
      const later = await world.connect(2, bob);
      await subscribe(later, where, { "last-seen-sequence": "2" });
      await say(sender, room, "3");
      await later.heard(room, "3");
      expect(later.contents(room)).toEqual(["3"]);
    });

    test("A113, A129: an instance dies in the middle of a broadcast; who did not hear it gets it from another instance", async () => {
      const room = newName("room");
      const where = `/topic/room.${room}`;
      const join = (server: number) =>
        Promise.all(
          numbers(1, 3).map(async () => {
            const user = newName("user");
            const client = await world.connect(server, user);
            await subscribe(client, where);
            return { user, client };
          }),
        );
      const [unlucky, lucky] = [await join(1), await join(2)];
      const sender = await world.connect(2, newName("ann"));
      const heard = (all: typeof lucky, content: string) =>
        Promise.all(all.map(({ client }) => client.heard(room, content)));
      await say(sender, room, "before");
      await heard([...unlucky, ...lucky], "before");

      const dying = processOf("server-1");
      await dying.signal("SIGSTOP");
      await say(sender, room, "during");
      await heard(lucky, "during");
      expect(unlucky.map(({ client }) => client.contents(room))).toEqual(Array(3).fill(["before"]));
      await dying.signal("SIGKILL");
      await Promise.all(unlucky.map(({ client }) => client.closed));

      const moved = await Promise.all(
        unlucky.map(async ({ user, client }) => {
          const lastSeen = on(client, where).at(-1)!.headers.seq!;
          const again = await world.connect(2, user);
          await subscribe(again, where, { "last-seen-sequence": lastSeen });
          return { user, client: again };
        }),
      );
      await say(sender, room, "after");
      await heard([...moved, ...lucky], "after");
      expect(moved.map(({ client }) => client.contents(room))).toEqual(Array(3).fill(["during", "after"]));
      expect(lucky.map(({ client }) => client.contents(room))).toEqual(
        Array(3).fill(["before", "during", "after"]),
      );
      await dying.exited(WAIT_MS);
      await dying.start();
      await eventually(async () =>
        expect((await fetch(world.system.page(1, "/health/ready"))).status).toBe(200),
      );
    });

    test("A46: the queues of the sources, by their names: each hears what is pushed to it and nothing else", async () => {
      const user = newName("bob");
      const pushed = [
        ...["loan-status", "notifications", "order.status", "announce", "notify"],
        ...["receipts", "private", "direct-messages"],
      ];
      const client = await world.connect(2, user);
      // The answer to this one is the session's own.
      for (const name of [...pushed, "token.refresh"]) await subscribe(client, `/user/queue/${name}`);
      for (const name of pushed) {
        const event = { destination: `/queue/${name}`, payload: { to: name } };
        expect((await world.push(1, `/internal/push/user/${user}`, event)).status).toBe(202);
      }
      await send(client, "/app/token.refresh");
      await client.next((got) => got.headers.destination === "/user/queue/token.refresh");
      await eventually(() => {
        const heard = pushed.map((name) =>
          on(client, `/user/queue/${name}`).map((got) => JSON.parse(got.body)),
        );
        expect(heard).toEqual(pushed.map((to) => [{ to }]));
      });
      expect(on(client, "/user/queue/token.refresh").length).toBe(1);
    });

    test("A100: a room above 1,000 is pushed like any other: each subscription hears each message once", async () => {
      const room = newName("room");
      const destination = `/topic/room.${room}`;
      const each = 201;
      const clients = await Promise.all(
        numbers(1, 5).map((n) => world.connect(1 + (n % 2), newName("member"))),
      );
      for (const client of clients) {
        const ids = numbers(1, each).map(String);
        client.ws.send(ids.map((id) => client.bytes("SUBSCRIBE", { id, destination, receipt: id })).join(""));
        await client.receipt(String(each));
      }
      const sender = await world.connect(1, newName("ann"));
      for (const content of ["1", "2"]) {
        await say(sender, room, content);
        await eventually(() => {
          for (const client of clients) {
            const heard = on(client, destination).filter((got) => JSON.parse(got.body).content === content);
            expect(heard.length).toBe(each);
            expect(new Set(heard.map((got) => got.headers.subscription)).size).toBe(each);
          }
        });
      }
      expect(clients.map((client) => on(client, destination).length)).toEqual(Array(5).fill(2 * each));
    });

    test("A101: pushing needs the internal token, a queue or an event topic", async () => {
      const event = { destination: "/queue/x", payload: 1 };
      expect((await world.push(1, "/internal/push/user/bob", event, undefined, "wrong")).status).toBe(401);
      expect(
        (await world.push(1, "/internal/push/user/bob", { ...event, destination: "/topic/x" })).status,
      ).toBe(400);
      expect(
        (await world.push(1, "/internal/push/topic", { ...event, destination: "/topic/room.x" })).status,
      ).toBe(400);
    });

    test("A114, A115, A85: receipts are monotone, batched, and told to the sender wherever it is", {
      tags: "timed",
    }, async () => {
      const room = newName("room");
      const [ann, bob] = [newName("ann"), newName("bob")];
      const [sender, reader] = [await world.connect(1, ann), await world.connect(2, bob)];
      await subscribe(sender, "/user/queue/receipts");
      await subscribe(reader, `/topic/room.${room}`);
      await say(sender, room, "1", "2", "3");
      await eventually(() => expect(reader.contents(room).length).toBe(3));
      const ids = on(reader, `/topic/room.${room}`).map((got) => got.headers["message-id"]!);
      // In one WebSocket message, so in one window.
      reader.ws.send(
        ids
          .map((id) => reader.bytes("SEND", { destination: `/app/message.ack/${id}`, receipt: id }, "{}"))
          .join(""),
      );
      await Promise.all(ids.map((id) => reader.receipt(id)));
      const told = () =>
        on(sender, "/user/queue/receipts").flatMap(
          (got) =>
            JSON.parse(got.body).receipts as { userId: string; status: string; messageIds: string[] }[],
        );
      await eventually(() => expect(told().flatMap(({ messageIds }) => messageIds).length).toBe(3));
      expect(on(sender, "/user/queue/receipts").length).toBe(1);
      expect(told()[0]).toMatchObject({ userId: bob, status: "DELIVERED" });
      await send(reader, "/app/message.read/", { messageIds: ids });
      await eventually(() =>
        expect(told().at(-1)).toMatchObject({ status: "READ", messageIds: [...ids].sort() }),
      );
      // Late and repeated acknowledgements change nothing.
      const messages = on(sender, "/user/queue/receipts").length;
      await send(reader, `/app/message.ack/${ids[0]}`);
      await send(reader, `/app/message.read/${ids[1]}`);
      await send(sender, `/app/message.read/${ids[1]}`);
      const status = await fetch(world.system.page(1, "/internal/messages/status"), {
        headers: { authorization: `Bearer ${INTERNAL}` },
      });
      expect(((await status.json()) as { messages: Record<string, number> }).messages.READ).toBe(3);
      expect(on(sender, "/user/queue/receipts").length).toBe(messages);
    });
  });

  describe("presence", () => {
    const members = async (server: number, room: string) =>
      (await world.get(server, `/api/rooms/${room}/presence`, "someone")).body.users as string[];
    const changes = (client: RawStompClient, room: string) =>
      on(client, `/topic/room.${room}.presence`).map((got) => {
        const { joined, left, online } = JSON.parse(got.body);
        return { joined, left, online };
      });

    test("A117, A44, A119: a user is there once, whatever the tabs, and changes are told together", async () => {
      const room = newName("room");
      const watcher = await world.connect(2, newName("watcher"));
      await subscribe(watcher, `/topic/room.${room}.presence`);
      const [ann, bob] = [newName("ann"), newName("bob")];
      const tabs = [await world.connect(1, ann), await world.connect(2, ann), await world.connect(1, bob)];
      for (const tab of tabs) await subscribe(tab, `/topic/room.${room}`);
      await eventually(() => {
        const joined = changes(watcher, room).flatMap((change) => change.joined);
        expect(joined.sort()).toEqual([ann, bob]);
      });
      expect(await members(1, room)).toEqual([ann, bob]);
      expect(await members(2, room)).toEqual([ann, bob]);

      tabs[0]!.ws.terminate();
      tabs[2]!.ws.terminate();
      await eventually(() =>
        expect(changes(watcher, room).at(-1)).toEqual({ joined: [], left: [bob], online: 1 }),
      );
      expect(await members(1, room)).toEqual([ann]);
      tabs[1]!.send("UNSUBSCRIBE", { id: `/topic/room.${room}` });
      await eventually(() =>
        expect(changes(watcher, room).at(-1)).toEqual({ joined: [], left: [ann], online: 0 }),
      );
      expect((await world.redis.keys(`presence:*${room}*`)).length).toBe(0);
    });

    test("A117: a room may be called what it likes: it hears of its own members only", async () => {
      const [ann, bob] = [newName("ann"), newName("bob")];
      const client = await world.connect(1, ann);
      for (const room of ["all", "due"]) await subscribe(client, `/topic/room.${room}`);
      const other = newName("room");
      await subscribe(await world.connect(2, bob), `/topic/room.${other}`);
      await eventually(async () => {
        for (const room of ["all", "due"]) expect(await members(2, room)).toEqual([ann]);
        expect(await members(1, other)).toEqual([bob]);
      });
      client.ws.terminate();
      await eventually(async () => {
        for (const room of ["all", "due"]) expect(await members(2, room)).toEqual([]);
      });
    });

    test("A118, A97, I33: users of an instance that was killed are gone after their time, and that is told once", async () => {
      const room = newName("room");
      const [ghost, stays] = [newName("ghost"), newName("stays")];
      const watcher = await world.connect(2, stays);
      await subscribe(watcher, `/topic/room.${room}.presence`);
      await subscribe(watcher, `/topic/room.${room}`);
      await subscribe(await world.connect(1, ghost), `/topic/room.${room}`);
      await eventually(async () => expect(await members(2, room)).toEqual([ghost, stays]));
      // Nothing may depend on what Redis tells of its keys: it tells nothing.
      expect(await world.redis.config("GET", "notify-keyspace-events")).toEqual([
        "notify-keyspace-events",
        "",
      ]);
      await processOf("server-1").signal("SIGKILL");
      await eventually(async () => expect(await members(2, room)).toEqual([stays]));
      await eventually(() => expect(changes(watcher, room).flatMap(({ left }) => left)).toEqual([ghost]));
    });
  });
});

test("A73: what waits for Redis is bounded and shown; beyond that a message is refused before it is stored", async () => {
  await using small = new World(await bringUpReference(1, TIME_SCALE, { ...settings, OUTBOX_CAPACITY: "3" }));
  const { system } = small;
  const room = newName("room");
  const ann = await small.connect(1, "ann");
  await subscribe(ann, `/topic/room.${room}`);
  await subscribe(ann, "/user/queue/reply");
  const link = system.target.topology.links.find(({ name }) => name === "server-1/redis")!;
  await link.cut();
  try {
    for (const content of ["1", "2", "3"]) await say(ann, room, content);
    ann.say(room, "4");
    const reply = await ann.next((got) => got.headers["receipt-id"] === "4");
    expect(reply.headers).toMatchObject({
      destination: "/user/queue/reply",
      outcome: "rejected",
      message: "too many messages are waiting to be published",
    });
    expect(await system.series(1, 'work_queue_depth{queue="outbox"}')).toBe(3);
    expect(await system.series(1, 'work_queue_rejected_total{queue="outbox"}')).toBe(1);
  } finally {
    await link.mend();
  }
  await eventually(() => expect(ann.contents(room)).toEqual(["1", "2", "3"]));
  expect(await system.series(1, 'work_queue_depth{queue="outbox"}')).toBe(0);
  await say(ann, room, "5");
  await eventually(() => expect(ann.contents(room)).toEqual(["1", "2", "3", "5"]));
});
