import { expect, test } from "vitest";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./no-gap.ts";

/** Client 5 sees the numbers 10 to 40 of room a, except those of `missing`, ten a second from 5 s on. */
const story = (...missing: readonly number[]): { story: Story; subscription: number } => {
  const told = new Story().count("ordered", 5_000, 31);
  const subscription = told.join(5, "a", 500);
  for (let number = 10; number <= 40; number++)
    if (!missing.includes(number)) told.number(subscription, number, number, 5_000 + (number - 10) * 100);
  return { story: told, subscription };
};

test("INV-ORDER: numbers without a hole are met; where they begin is no gap", () => {
  expect(judgeOne(check, story().story.record(), "baseline")).toEqual({
    status: "met",
    measured: 0,
    samples: 31,
  });
});

test.each([
  ["start", [11], "sequence 11:"],
  ["middle", [24, 25, 26], "sequence 24 to 26:"],
  ["end", [39], "sequence 39:"],
])("INV-ORDER: a gap at the %s is breached and shown", (_, missing, which) => {
  expect(judgeOne(check, story(...missing).story.record(), "baseline")).toMatchObject({
    status: "breached",
    measured: 1,
    why: `1 gap in 31 compared deliveries: ${missing.length} ${missing.length === 1 ? "number" : "numbers"} of a room never came`,
    counterexamples: [{ text: `/topic/room.a, ${which} never came to client 5 on server-3`, client: 5 }],
  });
});

test("INV-ORDER: a gap that is filled later is none, whatever came in between", () => {
  const { story: told, subscription } = story(20, 21);
  told.number(subscription, 20, 20, 15_000);
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    status: "breached",
    counterexamples: [{ text: expect.stringMatching(/sequence 21:/) }],
  });
  told.number(subscription, 21, 21, 16_000);
  expect(judgeOne(check, told.record(), "baseline").status).toBe("met");
});

test("rule 3: a gap behind a report that is missing is undecided", () => {
  const { story: told } = story(39);
  expect(judgeOne(check, told.loseFlush(6).record(), "baseline")).toMatchObject({
    status: "met",
    note: "2 gaps where reports of the load are missing: undecided",
  });
});

test("without numbers it is unknown", () => {
  const told = new Story().count("ordered", 5_000, 40);
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    status: "unknown",
    why: "the server numbers no messages",
  });
});
