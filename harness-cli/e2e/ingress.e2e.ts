import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { RawStompClient } from "./raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "./reference-system.ts";

/** As the topic of the loan service is called (H1). */
const STREAM = "loan.decisions";
const WAIT_MS = 30_000;
const settings = { USER_RATE: "off", SESSION_RATE: "off", INGRESS_STREAM: STREAM };

let system: ReferenceSystem;
let redis: Redis;
const open: RawStompClient[] = [];
let names = 0;
const newName = (kind: string) => `${kind}-${++names}`;
const numbers = (count: number) => Array.from({ length: count }, (_, n) => String(n + 1));
const eventually = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { timeout: WAIT_MS, interval: 50 });

beforeAll(async () => {
  system = await bringUpReference(2, 1, settings);
  redis = new Redis(system.target.topology.stores.find((one) => one.engine === "redis")!.url);
});
afterEach(() => {
  for (const client of open.splice(0)) client.ws.terminate();
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
const link = (name: string) => system.target.topology.links.find((one) => one.name === name)!;
const heardOn = (client: RawStompClient, destination: string) =>
  client.frames.filter((got) => got.command === "MESSAGE" && got.headers.destination === destination);
const add = (fields: Readonly<Record<string, string>>) =>
  redis.xadd(STREAM, "*", ...Object.entries(fields).flat());
const decide = (user: string, n: string, more: Readonly<Record<string, string>> = {}) =>
  add({ user, destination: "/queue/loan-status", payload: JSON.stringify({ n }), ...more });
const decisions = (client: RawStompClient) =>
  heardOn(client, "/user/queue/loan-status").map((got) => (JSON.parse(got.body) as { n: string }).n);

test("A101, A102, A103: each reaches its user on any instance, in order, once, however often it is said", async () => {
  const users = [newName("ann"), newName("bob")] as const;
  const clients = [await connect(1, users[0]), await connect(2, users[1])] as const;
  for (const client of clients) await client.subscribe("/user/queue/loan-status");
  for (const n of numbers(40)) {
    for (const user of users) {
      const key = { key: `${user} ${n}` };
      await decide(user, n, key);
      if (Number(n) % 10 === 0) await decide(user, n, key);
    }
  }
  const segment = `/topic/tier.${newName("premium")}`;
  await clients[0].subscribe(segment);
  await add({ destination: segment, payload: '"sale"', key: segment });
  await add({ destination: segment, payload: '"sale"', key: segment });
  await add({ destination: segment, payload: '"over"', key: `${segment} over` });
  await eventually(() => {
    for (const client of clients) expect(decisions(client)).toEqual(numbers(40));
    expect(heardOn(clients[0], segment).map(({ body }) => body)).toEqual(['"sale"', '"over"']);
  });
  // What is done leaves the stream.
  await eventually(async () => expect(await redis.xlen(STREAM)).toBe(0));
});

test("A101: one that nobody can deliver is set aside, and holds up nothing", async () => {
  const user = newName("ann");
  const ann = await connect(1, user);
  await ann.subscribe("/user/queue/loan-status");
  await decide(user, "1");
  const bad = await add({ user, destination: "/topic/room.secret", payload: "1" });
  await decide(user, "2");
  await eventually(() => expect(decisions(ann)).toEqual(["1", "2"]));
  const refused = await redis.xrange(`${STREAM}:refused`, "-", "+");
  expect(refused.map(([, fields]) => fields.slice(0, 4))).toContainEqual([
    ...["id", bad, "mistake", "no user queue"],
  ]);
});

test("A101, A74: while Postgres is away they wait, and come afterwards, once and in order", async () => {
  const user = newName("ann");
  const ann = await connect(1, user);
  await ann.subscribe("/user/queue/loan-status");
  const links = ["server-1/postgres", "server-2/postgres"].map(link);
  await Promise.all(links.map((one) => one.cut()));
  try {
    for (const n of numbers(20)) await decide(user, n);
    await eventually(async () => {
      const delayed = 'ingress_events_total{result="delayed"}';
      expect((await system.series(1, delayed)) + (await system.series(2, delayed))).toBeGreaterThan(0);
    });
    expect(await redis.xlen(STREAM)).toBe(20);
  } finally {
    await Promise.all(links.map((one) => one.mend()));
  }
  await eventually(() => expect(decisions(ann)).toEqual(numbers(20)));
});

test("A101, A88: when the instance that reads is cut off, another one goes on where it was", async () => {
  const user = newName("ann");
  const sent: string[] = [];
  const say = async (n: string) => {
    await decide(user, n);
    sent.push(n);
  };
  // Whichever reads now, one of the two cuts takes the reading from it.
  for (const [cut, other] of [
    [1, 2],
    [2, 1],
  ] as const) {
    const client = await connect(other, user);
    client.send("SUBSCRIBE", {
      ...{ id: "s", destination: "/user/queue/loan-status", receipt: "s", "last-seen-sequence": "0" },
    });
    await client.receipt("s");
    await link(`server-${cut}/redis`).cut();
    try {
      for (const n of numbers(10)) await say(`${cut}.${n}`);
      await eventually(() => expect(decisions(client)).toEqual(sent));
    } finally {
      await link(`server-${cut}/redis`).mend();
    }
  }
  await eventually(async () => expect(await redis.xlen(STREAM)).toBe(0));
});
