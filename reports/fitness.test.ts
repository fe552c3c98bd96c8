import { expect, test } from "vitest";
import { unfitSeconds } from "./fitness.ts";
import { Story } from "./testing/story.ts";

test("I87: each second is judged by itself, the generator before its machine", () => {
  const story = new Story()
    .fitGenerator()
    .measure("lateness", 3_000, 60, 50)
    .measure("loopLag", 5_000, 120, 100)
    .machine(6_000, { stolen: 0.5 })
    .machine(7_990, { stolen: 0.2 })
    .machine(9_010, { stolen: 0.19, cpu: 0.949 })
    .machine(10_000, { cpu: 0.95 })
    .machine(11_000, {
      processWaitMs: { redis: 10, "server-1": 50, k6: 20 },
      processTurns: { "server-1": 100 },
    })
    .machine(12_000, { processWaitMs: { "server-1": 49 } });
  expect(unfitSeconds(story.record(), 2_000, 12_000)).toEqual([
    { second: 3, of: "generator", why: "sends 60 ms late at p99" },
    { second: 5, of: "generator", why: "event loop 120 ms late at p99" },
    { second: 7, of: "machine", why: "20 % of the CPU was taken away by the hypervisor" },
    { second: 9, of: "machine", why: "the machine's CPU was 95 % busy" },
    { second: 10, of: "machine", why: "server-1 waited 50 ms for a core, 0.5 ms each time" },
  ]);
  expect(unfitSeconds(story.record(), 4_000, 5_000)).toEqual([]);
});

test("I87: a sample speaks of the second that ended within half a second of it, and of no other", () => {
  const full = (atMs: number) =>
    unfitSeconds(new Story().fitGenerator().machine(atMs, { cpu: 1 }).record(), 2_000, 12_000);
  expect([7_500, 7_501, 8_500].map((atMs) => full(atMs).map(({ second }) => second))).toEqual([
    [6],
    [7],
    [7],
  ]);
});

test("I87: of processes that waited equally long the first is named", () => {
  const story = new Story().fitGenerator().machine(6_000, { processWaitMs: { redis: 60, "server-1": 60 } });
  expect(unfitSeconds(story.record(), 2_000, 12_000)).toMatchObject([
    { why: "redis waited 60 ms for a core, 60 ms each time" },
  ]);
});

test("I87: many short waits hold up nobody, however long they are together", () => {
  const story = new Story()
    .fitGenerator()
    .machine(6_000, {
      processWaitMs: { "server-1": 300, redis: 70 },
      processTurns: { "server-1": 601, redis: 140 },
    })
    .machine(7_000, { processWaitMs: { "server-1": 300 }, processTurns: { "server-1": 601 } });
  expect(unfitSeconds(story.record(), 2_000, 12_000)).toMatchObject([
    { second: 5, why: "redis waited 70 ms for a core, 0.5 ms each time" },
  ]);
});

test("I87: an engine of which nobody knows what it used, or could use, is not called full", () => {
  const story = new Story()
    .fitGenerator()
    .machine(4_000, { cores: 2, processCpu: {} })
    .machine(5_000, { processCpu: { k6: 8 } });
  expect(unfitSeconds(story.record(), 2_000, 12_000)).toEqual([]);
});

test("I87: an engine that uses all the CPU that it can makes a second unfit: every core for k6, its thread for native", () => {
  const story = new Story()
    .fitGenerator()
    .machine(4_000, { cores: 2, processCpu: { k6: 1.95 } })
    .machine(5_000, { cores: 2, processCpu: { k6: 1.97, native: 1 } });
  expect(unfitSeconds(story.record(), 2_000, 10_000)).toEqual([
    { second: 4, of: "generator", why: "the k6 engine used 98.5 % of the CPU that it can use" },
  ]);
  // One VU of the native engine is one thread.
  const { ledger, ...rest } = new Story()
    .fitGenerator()
    .machine(4_000, { cores: 8, processCpu: { native: 0.97 } })
    .machine(5_000, { cores: 8, processCpu: { native: 0.98 } })
    .record();
  const hellos = [{ type: "hello", engine: "native", vu: 1, clients: 60 }] as const;
  expect(unfitSeconds({ ...rest, ledger: { ...ledger, hellos } }, 2_000, 10_000)).toMatchObject([
    { second: 4, why: "the native engine used 98 % of the CPU that it can use" },
  ]);
});
