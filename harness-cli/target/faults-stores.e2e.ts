import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Fault } from "../../chaos/fault.ts";
import pgCommitFails from "../../chaos/faults/pg-commit-fails.ts";
import pgExhaustConnections from "../../chaos/faults/pg-exhaust-connections.ts";
import pgKillBackends from "../../chaos/faults/pg-kill-backends.ts";
import pgLockTable from "../../chaos/faults/pg-lock-table.ts";
import pgReadOnly from "../../chaos/faults/pg-read-only.ts";
import pgSlowStatement from "../../chaos/faults/pg-slow-statement.ts";
import redisFailover from "../../chaos/faults/redis-failover.ts";
import redisFlush from "../../chaos/faults/redis-flush.ts";
import redisKillPubsub from "../../chaos/faults/redis-kill-pubsub.ts";
import redisPause from "../../chaos/faults/redis-pause.ts";
import redisPoison from "../../chaos/faults/redis-poison.ts";
import redisRestartEmpty from "../../chaos/faults/redis-restart-empty.ts";
import { subscribersOf } from "../../chaos/stores.ts";
import type { Port } from "../../chaos/topology.ts";
import { RawStompClient } from "../e2e/raw-stomp-client.ts";
import { bringUpReference, type ReferenceSystem } from "../e2e/reference-system.ts";
import { portsOf, soon, through } from "./fixtures/fault-trial.ts";

// The real system: three reference servers, their stores, every link through Toxiproxy.
let system: ReferenceSystem;
let on: ReturnType<typeof portsOf>;
const clients: RawStompClient[] = [];
let rooms = 0;

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

/** Two clients on two instances, in a room of their own. */
async function pair(prefix = "room"): Promise<{ room: string; ann: RawStompClient; bob: RawStompClient }> {
  const room = `${prefix}${++rooms}`;
  const [ann, bob] = (await Promise.all(
    [1, 2].map((server) => RawStompClient.connect(system, server, server === 1 ? "ann" : "bob")),
  )) as [RawStompClient, RawStompClient];
  clients.push(ann, bob);
  for (const client of [ann, bob]) {
    await client.subscribe(`/topic/room.${room}`);
    await client.subscribe(REPLIES);
  }
  return { room, ann, bob };
}

const logOf = (server: number) => readFile(path.join(system.logs, `server-${server}.log`), "utf8");
const REPLIES = "/user/queue/reply";
/** What the server says to a SEND that it does not confirm: `rejected` or `unknown`. */
const outcome = async (client: RawStompClient) =>
  JSON.parse((await client.next((frame) => frame.headers.subscription === REPLIES)).body).outcome;
const answered = (client: RawStompClient, receipt: string) =>
  client.frames.some((frame) => frame.command === "RECEIPT" && frame.headers["receipt-id"] === receipt);

test.each([
  ["write", 60_000],
  ["all", 4_000],
])(
  "E19: a Redis that holds back %s commands delays what is published, and loses nothing",
  { tags: "timed" },
  async (mode, pauseMs) => {
    const { room, ann, bob } = await pair();
    await through(redisPause, on.redis, { mode, pauseMs }, () => {
      ann.say(room, "held back");
    });
    await bob.heard(room, "held back");
    await ann.heard(room, "held back");
  },
);

test("E19: a pause of everything that could not be undone in time is refused", async () => {
  await expect(redisPause.inject(on.redis as never, { mode: "all", pauseMs: 60_000 })).rejects.toThrow(
    "10000",
  );
  expect(await on.redis.command("PING")).toBe("PONG");
});

test("E20: a flushed Redis has forgotten its counters; sequences go on, and nobody is cut off", async () => {
  const { room, ann, bob } = await pair();
  ann.say(room, "one");
  const first = await bob.heard(room, "one");
  await through(redisFlush, on.redis, {}, async () => {
    ann.say(room, "two");
    const second = await bob.heard(room, "two");
    expect(Number(second.headers.seq)).toBeGreaterThan(Number(first.headers.seq));
  });
});

test("E20: Redis crashes and comes back empty; the servers find it again", async () => {
  const { room, ann, bob } = await pair();
  await on.redis.command("SET", "seaworthy:kept", "x", "EX", 600);
  await through(redisRestartEmpty, on.redis, {}, async () => {
    expect(await on.redis.command("EXISTS", "seaworthy:kept")).toBe(0);
  });
  await soon(
    "the servers are ready",
    async () => (await on.process("server-1").ready(5_000)) && on.process("server-2").ready(5_000),
  );
  ann.say(room, "after");
  await bob.heard(room, "after");
});

test("E21: killed subscribers come back and miss nothing that was said meanwhile", async () => {
  const { room, ann, bob } = await pair();
  const before = await subscribersOf(on.redis);
  await through(redisKillPubsub, on.redis, {}, async () => {
    ann.say(room, "in the gap");
    await bob.heard(room, "in the gap");
  });
  expect(before.length).toBeGreaterThanOrEqual(3);
  expect((await subscribersOf(on.redis)).filter((id) => before.includes(id))).toEqual([]);
});

test("E25: what is no envelope is noticed and passed over", async () => {
  const { room, ann, bob } = await pair();
  const noticed = async () => (await logOf(2)).split("is no envelope").length - 1;
  const before = await noticed();
  await through(redisPoison, on.redis, { times: 3 }, async () => {
    await soon("all three noticed", async () => (await noticed()) === before + 3);
    ann.say(room, "still listening");
    await bob.heard(room, "still listening");
  });
});

test("E22: a failover breaks every connection to Redis, and the system goes on with the replica, and back", async () => {
  const { room, ann, bob } = await pair();
  ann.say(room, "before");
  await bob.heard(room, "before");
  const home = on.link("server-1/redis").upstream;
  await through(redisFailover, on.redis, {}, async () => {
    expect(on.link("server-1/redis").upstream).not.toBe(home);
    await soon(
      "ready with the replica",
      async () => (await on.process("server-1").ready(5_000)) && on.process("server-2").ready(5_000),
    );
    ann.say(room, "during");
    await bob.heard(room, "during");
  });
  expect(on.link("server-1/redis").upstream).toBe(home);
  await soon(
    "ready at home",
    async () => (await on.process("server-1").ready(5_000)) && on.process("server-2").ready(5_000),
  );
  ann.say(room, "after");
  await bob.heard(room, "after");
});

test("E28: statements on a locked table wait; what was said is stored after all or refused, never half", async () => {
  const { room, ann, bob } = await pair();
  await through(pgLockTable, on.postgres, {}, async () => {
    ann.say(room, "waits", "r1");
    // The statement's deadline (2 s) is reached: a definite no.
    expect(["rejected", "unknown"]).toContain(await outcome(ann));
    expect(answered(ann, "r1")).toBe(false);
  });
  bob.say(room, "after", "r2");
  await bob.receipt("r2");
  expect(bob.contents(room)).not.toContain("waits");
});

test("E28: a slow INSERT delays its receipt by as much", async () => {
  const { room, ann, bob } = await pair();
  await through(pgSlowStatement, on.postgres, { delayMs: 800 }, async () => {
    const startMs = performance.now();
    ann.say(room, "slow", "r1");
    await ann.receipt("r1");
    expect(performance.now() - startMs).toBeGreaterThan(790);
    await bob.heard(room, "slow");
  });
  const { rows } = await triggers();
  expect(rows).toBe(0);
});

test("E29: with every connection taken nobody new gets one; those that have one go on", async () => {
  const { room, ann, bob } = await pair();
  ann.say(room, "before", "r1");
  await ann.receipt("r1");
  await through(pgExhaustConnections, on.postgres, {}, async () => {
    await expect(on.postgres.connect()).rejects.toMatchObject({ code: "53300" });
    ann.say(room, "with the pool's own", "r2");
    await bob.heard(room, "with the pool's own");
  });
});

test("E29: killed backends cost what was under way; the pools dial again", async () => {
  const { room, ann, bob } = await pair();
  ann.say(room, "before", "r1");
  await ann.receipt("r1");
  await through(pgKillBackends, on.postgres, {}, async () => {
    // The first may meet a connection that is gone already: that is said, and the next one gets another.
    bob.say(room, "first", "r2");
    await bob.next((frame) => frame.headers.subscription === REPLIES || frame.headers["receipt-id"] === "r2");
    await soon("stored over a new connection", async () => {
      const receipt = `r${++rooms}`;
      bob.say(room, receipt, receipt);
      await wait(250);
      return answered(bob, receipt);
    });
  });
});

test("E30: a commit that fails is a refusal and nothing is broadcast, for the marked rooms only", async () => {
  const marked = await pair("marked-");
  const other = await pair("other-");
  await through(pgCommitFails, on.postgres, { roomPrefix: "marked-" }, async () => {
    marked.ann.say(marked.room, "refused", "r1");
    expect(await outcome(marked.ann)).toBe("rejected");
    other.ann.say(other.room, "stored", "r2");
    await other.bob.heard(other.room, "stored");
    expect(answered(marked.ann, "r1")).toBe(false);
    expect(marked.bob.contents(marked.room)).toEqual([]);
  });
  expect((await triggers()).rows).toBe(0);
});

test("E31: a database that only reads refuses what must be written, and says so", async () => {
  const { room, ann, bob } = await pair();
  await through(pgReadOnly, on.postgres, {}, async () => {
    ann.say(room, "refused", "r1");
    expect(await outcome(ann)).toBe("rejected");
    expect(bob.contents(room)).toEqual([]);
  });
  bob.say(room, "stored", "r2");
  await bob.receipt("r2");
});

async function triggers(): Promise<{ rows: number }> {
  await using session = await on.postgres.connect();
  return { rows: (await session.query("SELECT FROM pg_trigger WHERE tgname LIKE 'seaworthy%'")).length };
}

/** Injected, then the store dies and comes back, then it is undone, twice. */
test.each<[Fault, () => Port]>([
  [redisPause, () => on.redis],
  [redisFailover, () => on.redis],
  [pgLockTable, () => on.postgres],
  [pgSlowStatement, () => on.postgres],
  [pgCommitFails, () => on.postgres],
  [pgReadOnly, () => on.postgres],
  [pgExhaustConnections, () => on.postgres],
])("$name is undone also when its store was killed and restarted meanwhile", async (fault, port) => {
  const store = port() === on.redis ? on.redis : on.postgres;
  const undo = await fault.inject(store as never, fault.params);
  await store.process.signal("SIGKILL");
  await store.process.exited(20_000);
  await store.process.start();
  for (let time = 0; time < 2; time++) {
    await soon(`${fault.name} undone`, async () => {
      await undo[Symbol.asyncDispose]();
      return true;
    });
  }
  await soon(`${fault.name} healed`, () => fault.healed(store as never, fault.params));
  expect((await triggers()).rows).toBe(0);
});
