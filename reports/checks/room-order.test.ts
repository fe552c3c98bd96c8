import { expect, test } from "vitest";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./room-order.ts";

const story = (): { story: Story; subscription: number } => {
  const told = new Story().count("ordered", 5_000, 40).count("ordered", 6_000, 60);
  return { subscription: told.join(5, "a", 500), story: told.send(17, 3, "a", 5_500) };
};

test("INV-ORDER: nothing out of order is met, over all compared deliveries", () => {
  expect(judgeOne(check, story().story.record(), "baseline")).toEqual({
    status: "met",
    measured: 0,
    samples: 100,
  });
});

test("INV-ORDER: one step backwards is breached and shown", () => {
  const { story: told, subscription } = story();
  told.oddity({
    what: "inversion",
    atMs: 5_600,
    subscription,
    publisher: 17,
    slot: 3,
    sequence: 8,
    after: 9,
  });
  expect(judgeOne(check, told.record(), "baseline")).toEqual({
    status: "breached",
    measured: 1,
    samples: 100,
    why: "1 of 100 compared deliveries came out of order",
    counterexamples: [
      {
        text: "17#3 (sequence 8) came after sequence 9 to client 5 on server-3",
        atMs: 5_600,
        message: "17#3",
        client: 5,
        server: "server-3",
      },
    ],
  });
});

test("INV-ORDER: a step backwards within a fault names the fault", () => {
  const inversion = { what: "inversion", publisher: 17, slot: 3, sequence: 8, after: 9 } as const;
  const named = (atMs: number) => {
    const { story: told, subscription } = story();
    told.fault("latency", "server-1/redis", 10_000, 12_000, { drops: false });
    told.oddity({ ...inversion, atMs, subscription });
    const verdict = judgeOne(check, told.record(), "baseline");
    return "counterexamples" in verdict && verdict.counterexamples[0];
  };
  expect(named(10_500)).toMatchObject({ fault: 0 });
  expect(named(5_600)).not.toHaveProperty("fault");
});

test("INV-ORDER: a duplicate is not an inversion", () => {
  const { story: told, subscription } = story();
  told.oddity({ what: "duplicate", atMs: 5_600, subscription, publisher: 17, slot: 3 });
  expect(judgeOne(check, told.record(), "baseline").status).toBe("met");
});

test("cases over the cap leave it unknown; so does nothing to compare", () => {
  expect(judgeOne(check, story().story.count("odditiesDropped", 5_000, 1).record(), "baseline").status).toBe(
    "unknown",
  );
  expect(judgeOne(check, new Story().record(), "baseline")).toMatchObject({ status: "unknown", samples: 0 });
});

test("INV-ORDER: a listed step backwards is one, whatever was not listed and however few were compared", () => {
  const backwards = { publisher: 17, slot: 3, sequence: 8, after: 9 };
  const told = new Story().oddity({ what: "inversion", atMs: 5_600, subscription: 0, ...backwards });
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    status: "breached",
    samples: 0,
    why: "1 compared delivery came out of order",
  });
  expect(judgeOne(check, told.count("odditiesDropped", 5_000, 7).record(), "baseline")).toMatchObject({
    status: "breached",
    measured: 1,
    note: "7 more irregular deliveries were not listed",
  });
});

test("INV-ORDER: inversions that were only counted count; copies that were do not", () => {
  const dropped = (name: "duplicatesDropped" | "inversionsDropped") =>
    judgeOne(
      check,
      story().story.count("odditiesDropped", 5_000, 3).count(name, 5_000, 3).record(),
      "baseline",
    );
  expect(dropped("inversionsDropped")).toMatchObject({ status: "breached", measured: 3 });
  expect(dropped("duplicatesDropped")).toMatchObject({ status: "met", measured: 0 });
});

test("INV-ORDER: a gap is told beside the order", () => {
  const { story: told, subscription } = story();
  told.number(subscription, 1, 3, 5_000).number(subscription, 6, 9, 6_000);
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    status: "met",
    note: "1 gap in the numbers of a room",
  });
});
