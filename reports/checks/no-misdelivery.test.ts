import { expect, test } from "vitest";
import { assemble } from "../record/assemble.ts";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./no-misdelivery.ts";

const story = (): { story: Story; inA: number; inB: number } => {
  const told = new Story().send(0, 0, "a", 3_000).send(0, 1, "a", 4_000).send(0, 2, "b", 5_000);
  return { story: told, inA: told.join(1, "a", 500), inB: told.join(2, "b", 500) };
};

test("INV-ISOLATE: everybody got only their own room's: met, over all deliveries", () => {
  const { story: told, inA, inB } = story();
  told.receive(inA, 0, 0, 1, 4_000).receive(inB, 0, 2, 2, 5_000);
  expect(judgeOne(check, told.record(), "baseline")).toEqual({ status: "met", measured: 0, samples: 3 });
});

test("INV-ISOLATE: a message in the wrong room is breached and shown", () => {
  const { story: told, inB } = story();
  told.receive(inB, 0, 1, 2, 5_000);
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    status: "breached",
    measured: 1,
    samples: 2,
    counterexamples: [
      {
        text: "0#1, sent to /app/chat.send/a, came to client 2 on server-3, subscribed to /topic/room.b",
        message: "0#1",
        client: 2,
        server: "server-3",
        atMs: 4_000,
      },
    ],
  });
});

test("a message that nobody sent is one too, unless the record has holes", () => {
  const { story: told, inA } = story();
  told.receive(inA, 9, 7, 7, 5_000);
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    status: "breached",
    counterexamples: [
      { text: "9#7, sent by nobody, came to client 1 on server-2, subscribed to /topic/room.a" },
    ],
  });
  expect(judgeOne(check, told.loseFlush(8).record(), "baseline")).toMatchObject({
    status: "met",
    note: "1 delivery of messages whose way the record does not tell",
  });
});

test("without a delivery it is unknown", () => {
  expect(judgeOne(check, story().story.record(), "baseline")).toMatchObject({
    status: "unknown",
    samples: 0,
  });
});

test("INV-ISOLATE: one on a subscription that its client never asked for is breached by its identity", () => {
  const { story: told, inA } = story();
  told.receive(inA, 0, 0, 0, 4_000);
  told.oddity({ what: "foreign", atMs: 4_010, subscription: -1, text: '{"content":"sw1/abc123/0/1/4000/xx' });
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    status: "breached",
    measured: 1,
    samples: 2,
    counterexamples: [
      { text: "0#1, sent to /app/chat.send/a, came to a client that had not subscribed", message: "0#1" },
    ],
  });
});

test("bad luck: messages of somebody else are told, and held against nobody", () => {
  const { story: told, inA } = story();
  const foreign = (atMs: number, subscription: number, text: string) =>
    told.oddity({ what: "foreign", atMs, subscription, text });
  foreign(4_000, inA, "hello");
  foreign(4_001, -1, "sw1/zzzzzz/0/1/4000/");
  told.count("odditiesDropped", 4_000, 5).count("foreignDropped", 4_000, 5);
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    status: "unknown",
    why: "nothing was delivered in this phase; 7 messages that are not of this run",
  });
  told.receive(inA, 0, 0, 0, 4_000);
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    status: "met",
    note: "7 messages that are not of this run",
  });
});

test("INV-ISOLATE: what came on a subscription that was never granted cannot be traced, and is told", () => {
  const { story: told } = story();
  told.receive(77, 0, 0, 0, 4_000);
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    status: "met",
    samples: 1,
    note: "1 delivery of messages whose way the record does not tell",
  });
});

/** Messages intended at the edges of a fault from 10 to 12 s, all of them in the wrong room, the later one first. */
const edges = () => {
  const told = new Story({ timing: { warmUpMs: 2_000, publishUntilMs: 40_000, endMs: 42_000 } });
  told.fault("kill", "server-2", 10_000, 12_000);
  const inB = told.join(2, "b", 500);
  const times = [9_999, 12_000, 10_000, 11_999];
  for (const [slot, atMs] of times.entries()) told.send(0, slot, "a", atMs).receive(inB, 0, slot, slot, atMs);
  return told.record();
};

test("INV-ISOLATE: a message belongs to the phase in which it was intended, its first moment in and its end out", () => {
  const verdict = judgeOne(check, edges(), "during kill server-2");
  expect(verdict).toMatchObject({ status: "breached", measured: 2, samples: 2 });
  const cases = "counterexamples" in verdict ? verdict.counterexamples : [];
  expect(cases.map(({ message, fault }) => [message, fault])).toEqual([
    ["0#2", 0],
    ["0#3", 0],
  ]);
});

test("INV-ISOLATE: outside of any fault a case names none", () => {
  const verdict = judgeOne(check, edges(), "baseline");
  expect(verdict).toMatchObject({ measured: 1, counterexamples: [{ message: "0#0" }] });
  expect("counterexamples" in verdict && verdict.counterexamples[0]).not.toHaveProperty("fault");
});

test("INV-ISOLATE: a foreign text on a subscription that was asked for is somebody else's, whatever it says", () => {
  const { story: told, inA } = story();
  expect(inA).toBe(0);
  told.receive(inA, 0, 0, 0, 4_000);
  told.oddity({ what: "foreign", atMs: 4_010, subscription: inA, text: "sw1/abc123/0/1/4000/xx" });
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    status: "met",
    note: expect.stringMatching(/^1 message .*not of this run$/),
  });
});

test("INV-ISOLATE: what was sent to where no room is cannot be traced, and is told", () => {
  const params = { sendDestination: "/app/lobby.{room}", subscribeDestination: "/topic/room.{room}" };
  const told = new Story({ scenario: { name: "story", params } }).send(0, 0, "a", 3_000);
  expect(
    judgeOne(check, told.receive(told.join(1, "a", 500), 0, 0, 0, 3_000).record(), "baseline"),
  ).toMatchObject({
    status: "met",
    samples: 1,
    note: "1 delivery of messages whose way the record does not tell",
  });
});

test("INV-ISOLATE: strays are told in the order in which they were sent, of one moment by publisher and slot", () => {
  const told = new Story().send(2, 0, "a", 3_000);
  for (const [publisher, slot] of [
    [1, 3],
    [1, 5],
    [0, 9],
  ] as const)
    told.send(publisher, slot, "a", 4_000);
  const [inB, inC] = [told.join(2, "b", 500), told.join(3, "c", 501)];
  for (const [subscription, publisher, slot] of [
    [inB, 1, 5],
    [inC, 1, 3],
    [inB, 0, 9],
    [inB, 2, 0],
  ] as const)
    told.receive(subscription, publisher, slot, slot, 5_000);
  const verdict = judgeOne(check, told.record(), "baseline");
  const cases = "counterexamples" in verdict ? verdict.counterexamples : [];
  expect(cases.map(({ message }) => message)).toEqual(["2#0", "0#9", "1#3", "1#5"]);
});

test("an engine that was killed may have taken the last SENDs with it: what came of them was sent", () => {
  const phantom = () => {
    const { story: told, inA } = story();
    return told.receive(inA, 0, 0, 1, 4_000).receive(inA, 0, 7, 7, 9_000);
  };
  expect(judgeOne(check, phantom().record(), "baseline")).toMatchObject({ status: "breached", measured: 1 });
  const lines = phantom()
    .ended({ how: "failed", code: "SW_LOAD_FAILED", message: "k6 ended" }, 10_000)
    .lines();
  const withoutBye = { ...lines, ledger: lines.ledger.filter(({ type }) => type !== "bye") };
  expect(judgeOne(check, assemble(withoutBye), "baseline")).toMatchObject({ status: "met" });
});
