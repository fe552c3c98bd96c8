import { expect, test } from "vitest";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./no-phantom.ts";

/** Client 0 sends slots 0 to 9 of its own, one a second from 3 s on; client 1 receives all of them. */
const story = (): Story => {
  const told = new Story();
  told.join(0, "a", 500);
  const subscription = told.join(1, "a", 500);
  for (let slot = 0; slot < 10; slot++) told.send(0, slot, "a", 3_000 + slot * 1_000);
  return told.receive(subscription, 0, 0, 9, 13_000);
};

test("INV-DURABLE: all that was seen is stored: met, over distinct messages", () => {
  expect(judgeOne(check, story().stored([0, 0, 9]).record(), "baseline")).toEqual({
    status: "met",
    measured: 0,
    samples: 10,
  });
});

test("INV-DURABLE: what any one subscriber saw counts", () => {
  const told = story().send(0, 10, "a", 13_000).stored([0, 0, 9]);
  const late = told.join(2, "a", 12_500);
  expect(judgeOne(check, told.receive(late, 0, 10, 10, 13_000).record(), "baseline")).toMatchObject({
    status: "breached",
    measured: 1,
    samples: 11,
  });
});

test("INV-DURABLE: more in the store than was seen is fine", () => {
  expect(judgeOne(check, story().stored([0, 0, 50], [7, 1, 2]).record(), "baseline").status).toBe("met");
});

test.each([
  ["the first", [[0, 1, 9]], "0#0"],
  [
    "one in the middle",
    [
      [0, 0, 4],
      [0, 6, 9],
    ],
    "0#5",
  ],
  ["the last", [[0, 0, 8]], "0#9"],
] as const)("B38: %s of what was seen is not stored: breached", (_, stored, message) => {
  expect(
    judgeOne(
      check,
      story()
        .stored(...stored)
        .record(),
      "baseline",
    ),
  ).toMatchObject({
    status: "breached",
    measured: 1,
    samples: 10,
    why: "1 of 10 delivered messages are not in postgres",
    counterexamples: [
      {
        text: `${message} by client 0 on server-1 (confirmed), seen by client 1 on server-2, was never stored`,
        message,
        client: 1,
        server: "server-1",
      },
    ],
  });
});

test("B38: a rejected message that was seen is a phantom too", () => {
  const told = new Story().send(0, 0, "a", 3_000, "r");
  const subscription = told.join(1, "a", 500);
  told.receive(subscription, 0, 0, 0, 3_000).stored();
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({ status: "breached", measured: 1 });
});

test("a phantom belongs to the phase in which it was intended", () => {
  const told = story().fault("cut", "server-1/postgres", 8_000, 10_000, { closes: [], drops: false });
  const record = told.stored([0, 0, 4], [0, 6, 9]).record();
  expect(judgeOne(check, record, "baseline")).toMatchObject({ status: "met", samples: 5 });
  expect(judgeOne(check, record, "during cut server-1/postgres")).toMatchObject({
    status: "breached",
    samples: 2,
    counterexamples: [{ fault: 0 }],
  });
});

test("what nobody sent is no phantom: see no-misdelivery", () => {
  const told = story().stored([0, 0, 9]);
  told.receive(told.join(2, "a", 600), 9, 7, 7, 5_000);
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({ status: "met", samples: 10 });
});

test("phantoms are told in the order in which they were intended, of one moment by publisher", () => {
  const told = new Story().send(2, 0, "a", 4_000).send(1, 0, "a", 5_000).send(0, 0, "a", 5_000);
  const subscription = told.join(1, "a", 500);
  for (const publisher of [1, 0, 2]) told.receive(subscription, publisher, 0, 0, 6_000);
  expect(judgeOne(check, told.stored().record(), "baseline")).toMatchObject({
    counterexamples: [{ message: "2#0" }, { message: "0#0" }, { message: "1#0" }],
  });
});

test("without an audit, or without a delivery, it is unknown", () => {
  expect(judgeOne(check, story().record(), "baseline")).toMatchObject({ status: "unknown" });
  expect(judgeOne(check, new Story().stored([0, 0, 9]).record(), "baseline")).toMatchObject({
    status: "unknown",
    samples: 0,
  });
});
