import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { ChatMessage } from "./message.ts";
import { Outbox } from "./outbox.ts";
import { PersistQueue } from "./persist-queue.ts";
import type { Inserted } from "./store.ts";

const message = (id: string, roomId = "room"): ChatMessage => ({
  id,
  roomId,
  senderId: "ann",
  clientMessageId: id,
  content: "",
  ts: 0,
  serverId: "server-1",
});

const inserted = (batch: readonly ChatMessage[]): Inserted => ({
  how: "inserted",
  ids: new Set(batch.map((m) => m.id)),
});

test("A82, I9: what waits for a room shares the next transaction, in the order it came", async () => {
  const batches: string[][] = [];
  const commits: (() => void)[] = [];
  const queue = new PersistQueue({
    lanes: 4,
    capacity: 100,
    observe: () => {},
    insert: async (batch) => {
      batches.push(batch.map((m) => m.id));
      await new Promise<void>((resolve) => commits.push(resolve));
      return inserted(batch);
    },
  });
  const settled: string[] = [];
  const add = (id: string) => queue.add(message(id)).then(() => settled.push(id));
  const all = [add("a")];
  await nextTurn();
  all.push(add("b"), add("c"));
  expect(batches).toEqual([["a"]]);
  commits[0]!();
  await all[0];
  expect(batches).toEqual([["a"], ["b", "c"]]);
  commits[1]!();
  await Promise.all(all);
  expect(settled).toEqual(["a", "b", "c"]);
  expect(queue.depth).toBe(0);
});

test("A82: what comes in one turn of the loop shares a transaction from the first message on", async () => {
  const batches: string[][] = [];
  const queue = new PersistQueue({
    lanes: 4,
    capacity: 100,
    observe: () => {},
    insert: async (batch) => {
      batches.push(batch.map((m) => m.id));
      return inserted(batch);
    },
  });
  await Promise.all(["a", "b", "c"].map((id) => queue.add(message(id))));
  expect(batches).toEqual([["a", "b", "c"]]);
});

test("A72, A74: over its capacity it refuses at once, and takes again when there is room", async () => {
  let commit = () => {};
  const queue = new PersistQueue({
    lanes: 1,
    capacity: 2,
    observe: () => {},
    insert: async (batch) => {
      await new Promise<void>((resolve) => (commit = resolve));
      return inserted(batch);
    },
  });
  const first = queue.add(message("a"));
  await nextTurn();
  const second = queue.add(message("b"));
  expect(await queue.add(message("c"))).toMatchObject({ how: "rejected" });
  commit();
  await first;
  commit();
  await second;
  const fourth = queue.add(message("d"));
  await nextTurn();
  commit();
  expect(await fourth).toEqual({ how: "stored" });
  await queue.idle();
});

test("A144, I76: stored before is a duplicate, refused is rejected, unanswered is unknown", async () => {
  const answers: Inserted[] = [
    { how: "inserted", ids: new Set() },
    { how: "failed", reason: "down" },
    { how: "unknown", reason: "silence" },
  ];
  const queue = new PersistQueue({
    lanes: 1,
    capacity: 9,
    observe: () => {},
    insert: async () => answers.shift()!,
  });
  expect(await queue.add(message("a"))).toEqual({ how: "duplicate" });
  expect(await queue.add(message("b"))).toEqual({ how: "rejected", reason: "not stored: down" });
  expect(await queue.add(message("c"))).toEqual({ how: "unknown", reason: "perhaps not stored: silence" });
});

test("A80: what waited too long for a slow store is refused untried", async () => {
  let nowMs = 0;
  const tried: string[] = [];
  const queue = new PersistQueue({
    lanes: 1,
    capacity: 9,
    observe: () => {},
    now: () => nowMs,
    insert: async (batch) => {
      tried.push(...batch.map((m) => m.id));
      await nextTurn();
      nowMs += 2_500;
      return inserted(batch);
    },
  });
  const one = queue.add(message("a"));
  await nextTurn();
  const [first, late] = await Promise.all([one, queue.add(message("b"))]);
  expect(first).toEqual({ how: "stored" });
  expect(late).toEqual({ how: "rejected", reason: "the store is too slow" });
  expect(tried).toEqual(["a"]);
});

test("I76, A98: while the relay fails nothing is dropped, and it catches up in order, each once", async () => {
  let up = false;
  let failures = 0;
  const published: string[] = [];
  const ready = Promise.withResolvers<void>();
  const outbox = new Outbox({
    capacity: 3,
    publish: async (m) => {
      if (!up) throw new Error("away");
      return published.push(m.id);
    },
    relayReady: () => ready.promise,
    published: () => {},
    failed: () => {
      failures += 1;
      if (failures === 3) {
        up = true;
        ready.resolve();
      }
    },
  });
  for (const id of ["a", "b", "c", "a"]) outbox.add(message(id));
  expect(outbox.full).toBe(true);
  await outbox.idle();
  expect(published).toEqual(["a", "b", "c"]);
  expect(outbox.depth).toBe(0);
});
