import { expect, test } from "vitest";
import { tallyPairs } from "./pairs.ts";
import { Story } from "./testing/story.ts";

/**
 * Three clients in one room, of whom the last came first; client 0 says something at 4 s and, in the order of its slots
 * the other way round, at 6 s.
 */
function story(): { story: Story; at: readonly number[] } {
  const made = new Story({ clients: 3 });
  const at = [0, 1, 2].map((client) => made.join(client, "1", 102 - client));
  made.send(0, 0, "1", 6_000).send(0, 1, "1", 4_000);
  return { story: made, at };
}

test("C.2: the lost ones come by time, and of one time by client", () => {
  const { story: made, at } = story();
  made.receive(at[0] as number, 0, 1, 1, 4_010).receive(at[1] as number, 0, 0, 0, 6_010);
  const { lost, received } = tallyPairs(made.record(), 0, 20_000);
  expect(lost.map(({ send, window }) => [send.intendedMs, window.client])).toEqual([
    [4_000, 1],
    [4_000, 2],
    [6_000, 0],
    [6_000, 2],
  ]);
  expect(received).toBe(2);
});

test("C.2: a message belongs to the stretch in which it was intended, its first moment in and its end out", () => {
  const { story: made } = story();
  const lost = (fromMs: number, toMs: number) => tallyPairs(made.record(), fromMs, toMs).lost.length;
  expect([lost(4_000, 6_000), lost(4_001, 6_000), lost(4_000, 6_001)]).toEqual([3, 0, 6]);
});

test("who received what is told, where somebody wants to know", () => {
  const { story: made, at } = story();
  made.receive(at[1] as number, 0, 1, 1, 4_010);
  const told: number[] = [];
  tallyPairs(made.record(), 0, 20_000, ({ window }) => told.push(window.client));
  expect(told).toEqual([1]);
});
