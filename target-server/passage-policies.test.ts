import { expect, test } from "vitest";
import type { ListenSteps, WriteSteps } from "./passage-policies.ts";
import { healthyPassage } from "./passage-policies.ts";
import type { Inserted } from "./store.ts";

test("A144, B216: a message is known by its client's id, and by the server's where it has none", () => {
  expect(healthyPassage.clientMessageId("c-1", "own")).toBe("c-1");
  expect(healthyPassage.clientMessageId(undefined, "own")).toBe("own");
});

test("A104, B68: a room's counter goes on from whatever knows of more", () => {
  expect(healthyPassage.roomCounter(7, 5)).toBe(7);
  expect(healthyPassage.roomCounter(0, 9)).toBe(9);
});

test("A79, B39: what is written is committed at once, and nothing is told before", async () => {
  const inserted: Inserted = { how: "inserted", ids: new Set(["m"]) };
  const told: string[] = [];
  const steps: WriteSteps = {
    messages: [],
    commit: async () => inserted,
    inTransaction: async () => ({ how: "failed", reason: "not asked for" }),
    broadcast: ({ id }) => void told.push(id),
  };
  expect(await healthyPassage.write(steps)).toBe(inserted);
  expect(told).toEqual([]);
});

test("A98, B46: each time that the link is there it is listened on", () => {
  const done: string[] = [];
  const steps = (first: boolean): ListenSteps => ({
    first,
    subscribe: () => void done.push("subscribe"),
    trust: () => void done.push("trust"),
  });
  healthyPassage.listen(steps(true));
  healthyPassage.listen(steps(false));
  expect(done).toEqual(["subscribe", "subscribe"]);
});

test("A109, B49: what others acknowledged is replayed all the same, and nobody is asked", () => {
  const asked = () => Promise.reject(new Error("not asked for"));
  expect(healthyPassage.leftOutOfReplay({ byAnybody: asked })).toEqual(new Set());
});
