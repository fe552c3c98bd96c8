import { expect, onTestFinished, test } from "vitest";
import type { ChatMessage } from "./message.ts";
import { PublishedMarks } from "./published-marks.ts";

const log = { debug() {}, info() {}, warn() {}, error() {} };

/** A store that answers each write when it is told to. */
function marked() {
  const writes: { readonly ids: readonly string[]; answer(error?: Error): void }[] = [];
  const store = {
    markPublished(marks: readonly { id: string }[]): Promise<void> {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const answer = (error?: Error) => (error ? reject(error) : resolve());
      writes.push({ ids: marks.map(({ id }) => id), answer });
      return promise;
    },
    leftBehind: async () => [],
  };
  const marks = new PublishedMarks(store as never, {} as never, log, () => false);
  onTestFinished(() => marks.stop());
  return { writes, marks, add: (id: string, seq: number) => marks.add({ id } as ChatMessage, seq) };
}

test("A79: the last flush of a stop waits for the one under way, and takes what came meanwhile", async () => {
  const { writes, marks, add } = marked();
  add("m1", 1);
  const first = marks.flush();
  add("m2", 2);
  const last = marks.flush();
  expect(writes.map(({ ids }) => ids)).toEqual([["m1"]]);
  writes[0]!.answer();
  await first;
  await expect.poll(() => writes.length).toBe(2);
  writes[1]!.answer();
  await last;
  expect(writes[1]!.ids).toEqual(["m2"]);
});

test("A79: what the store did not take is written with what came since, in order", async () => {
  const { writes, marks, add } = marked();
  add("m1", 1);
  const first = marks.flush();
  add("m2", 2);
  const last = marks.flush();
  writes[0]!.answer(new Error("the store is away"));
  await expect(first).rejects.toThrow("away");
  await expect.poll(() => writes.length).toBe(2);
  writes[1]!.answer();
  await last;
  expect(writes[1]!.ids).toEqual(["m1", "m2"]);
});
