import { expect, test } from "vitest";
import { findIn } from "../testing/find-feature.ts";
import { Story } from "../testing/story.ts";
import confirmed from "./phantom-was-confirmed.ts";
import refused from "./phantom-was-refused.ts";

/** Three messages that client 1 saw; the store holds `stored`. */
function seen(outcomes: readonly ("c" | "r" | null)[], stored: readonly number[] | undefined): Story {
  const story = new Story({ clients: 2 });
  story.join(0, "1", 100);
  const at = story.join(1, "1", 110);
  for (const [slot, outcome] of outcomes.entries()) story.send(0, slot, "1", 3_000 + slot * 1_000, outcome);
  story.receive(at, 0, 0, outcomes.length - 1, 6_000);
  if (stored) story.stored(...stored.map((slot) => [0, slot, slot] as const));
  return story;
}
const messages = (story: Story) =>
  [confirmed, refused].map((feature) => findIn(feature, story).map(({ message }) => message));

test("B40 and B38: whether the sender was told yes is what tells them apart", () => {
  expect(messages(seen(["c", "r", null], []))).toEqual([["0#0"], ["0#1", "0#2"]]);
  expect(messages(seen(["c", "c", "c"], [0]))).toEqual([["0#1", "0#2"], []]);
});

test("what is stored is no phantom, and a store that nobody asked proves nothing", () => {
  expect(messages(seen(["c", "r", null], [0, 1, 2]))).toEqual([[], []]);
  expect(messages(seen(["c", "r", null], undefined))).toEqual([[], []]);
});
