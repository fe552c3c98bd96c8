import { expect, test } from "vitest";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./no-duplicate.ts";

const duplicate = (atMs: number, slot: number, subscription: number) =>
  ({ what: "duplicate", atMs, subscription, publisher: 17, slot }) as const;

const story = (): { story: Story; subscription: number } => {
  const told = new Story({ timing: { warmUpMs: 2_000, publishUntilMs: 40_000, endMs: 42_000 } });
  told.fault("kill", "server-2", 10_000, 12_000).measureEach("delivery", 0, 40_000, 5, 10);
  const subscription = told.join(5, "a", 500);
  told.send(17, 1, "a", 9_990).send(17, 2, "a", 10_010);
  return { story: told, subscription };
};

test("INV-DUP: none is met, over all deliveries", () => {
  expect(judgeOne(check, story().story.record(), "during kill server-2")).toEqual({
    status: "met",
    measured: 0,
    samples: 20,
  });
});

test("INV-DUP: a duplicate belongs to the phase in which its message was intended", () => {
  const { story: told, subscription } = story();
  told.oddity(duplicate(10_500, 1, subscription));
  expect(judgeOne(check, told.record(), "during kill server-2").status).toBe("met");
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    status: "breached",
    measured: 1,
    why: "1 of 100 deliveries came more than once",
    counterexamples: [
      {
        text: "17#1 came again to client 5 on server-3",
        message: "17#1",
        client: 5,
        server: "server-3",
        fault: 0,
      },
    ],
  });
});

test("INV-DUP: one whose SEND is not in the record belongs to the phase in which it came", () => {
  const { story: told, subscription } = story();
  told.oddity(duplicate(10_500, 999, subscription));
  expect(judgeOne(check, told.record(), "during kill server-2").status).toBe("breached");
});

test("cases over the engine's cap leave it unknown, unless one is listed", () => {
  const { story: told, subscription } = story();
  told.count("odditiesDropped", 10_300, 7);
  expect(judgeOne(check, told.record(), "during kill server-2")).toMatchObject({
    status: "unknown",
    samples: 20,
  });
  expect(judgeOne(check, told.record(), "final").status).toBe("met");
  told.oddity(duplicate(10_500, 2, subscription));
  expect(judgeOne(check, told.record(), "during kill server-2")).toMatchObject({
    status: "breached",
    measured: 1,
    note: "7 more irregular deliveries were not listed",
  });
});

test("without a delivery it is unknown", () => {
  expect(judgeOne(check, new Story().record(), "baseline")).toMatchObject({ status: "unknown", samples: 0 });
});

test("INV-DUP: a copy is one also where no first delivery is in the record", () => {
  const told = new Story().oddity(duplicate(5_000, 1, 0));
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    status: "breached",
    measured: 1,
    samples: 0,
    why: "1 delivery came more than once",
  });
});

test("INV-DUP: copies that were only counted are copies all the same", () => {
  const { story: told, subscription } = story();
  told.oddity({ ...duplicate(10_500, 2, subscription), rendered: false });
  told.count("odditiesDropped", 10_300, 7).count("duplicatesDropped", 10_300, 7);
  expect(judgeOne(check, told.record(), "during kill server-2")).toMatchObject({
    status: "breached",
    measured: 8,
    why: "8 of 20 deliveries came more than once",
    note: "7 of them were only counted",
  });
});

test("INV-DUP: inversions that were only counted are no copies", () => {
  const { story: told } = story();
  told.count("odditiesDropped", 10_300, 7).count("inversionsDropped", 10_300, 7);
  expect(judgeOne(check, told.record(), "during kill server-2")).toMatchObject({
    status: "met",
    measured: 0,
  });
});

test("INV-DUP: what a client's own dedupe would not remove is told apart", () => {
  const { story: told, subscription } = story();
  told.oddity({ ...duplicate(9_995, 1, subscription), rendered: true });
  told.oddity({ ...duplicate(9_997, 1, subscription), rendered: false });
  expect(judgeOne(check, told.record(), "baseline")).toMatchObject({
    measured: 2,
    why: "2 of 100 deliveries came more than once; 1 of the copies with a number of their own, which no client's dedupe by id removes",
  });
});

test("INV-DUP: what came again after a reconnect is told, and held against nobody", () => {
  const { story: told, subscription } = story();
  told.receive(subscription, 17, 1, 2, 10_020).close(5, 13_000).join(5, "b", 13_500);
  told.close(5, 14_000);
  told.receive(told.join(5, "a", 15_000), 17, 2, 2, 15_010);
  expect(judgeOne(check, told.record(), "during kill server-2")).toMatchObject({
    status: "met",
    note: "1 delivery of what the client had on an earlier subscription",
  });
  expect(judgeOne(check, told.record(), "baseline")).not.toHaveProperty("note");
});

test("INV-DUP: what came again is told in the phase in which it was intended, also when one subscription follows hard upon the other", () => {
  const { story: told, subscription } = story();
  told.send(17, 3, "a", 10_000).receive(subscription, 17, 3, 3, 10_020).close(5, 13_000);
  told.receive(told.join(5, "a", 13_000), 17, 3, 3, 13_010);
  const note = { note: "1 delivery of what the client had on an earlier subscription" };
  expect(judgeOne(check, told.record(), "during kill server-2")).toMatchObject(note);
  expect(judgeOne(check, told.record(), "baseline")).not.toHaveProperty("note");
  expect(judgeOne(check, told.record(), "final")).not.toHaveProperty("note");
});
