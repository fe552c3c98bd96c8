import { expect, test } from "vitest";
import type { RunRecord } from "../record/run-record.ts";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import { type Phase, phasesOf } from "../windows.ts";
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

test("INV-ORDER: where no two deliveries were compared nothing is known, unless a gap shows itself", () => {
  const told = new Story();
  const subscription = told.join(5, "a", 500);
  told.number(subscription, 10, 10, 5_000);
  expect(judgeOne(check, told.record(), "baseline")).toEqual({
    status: "unknown",
    why: "no two deliveries of a room could be compared",
    samples: 0,
  });
  told.number(subscription, 12, 12, 6_000);
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({ status: "breached", measured: 1 });
});

test("INV-ORDER: a gap within a fault that a plan has judged names the fault, one without none", () => {
  const { story: told } = story(30);
  const cases = (phaseName: string, record: RunRecord) => {
    const phase = phasesOf(record).find(({ name }) => name === phaseName) as Phase;
    const verdict = check.judge(record, phase, 0);
    return "counterexamples" in verdict ? verdict.counterexamples : [];
  };
  const [calm] = cases("baseline", told.record());
  expect(calm).not.toHaveProperty("fault");
  const broken = told.fault("cut", "server-1/redis", 7_000, 9_000, { drops: false });
  expect(cases("during cut server-1/redis", broken.record())).toMatchObject([{ fault: 0 }]);
});

test("without numbers it is unknown", () => {
  const told = new Story().count("ordered", 5_000, 40);
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    status: "unknown",
    why: "the server numbers no messages",
  });
});
