import { expect, test } from "vitest";
import { presenceOf } from "./presence.ts";
import { Story } from "./testing/story.ts";

const rows = (story: Story) => presenceOf(story.record()).map(({ atMs, due, online }) => [atMs, due, online]);

test("a client is wanted 2 s after it was due, and online while it is subscribed", () => {
  const story = new Story().due(0, 1_000).connect(0, 1_100);
  story.subscribe(0, "a", 1_200);
  story.close(0, 9_000).due(0, 9_500);
  story.connect(0, 9_600).subscribe(0, "a", 9_700);
  expect(rows(story.leave(0))).toEqual([
    [1_200, 0, 1],
    [3_000, 1, 1],
    [9_000, 1, 0],
    [9_700, 1, 1],
    [22_000, 0, 0],
  ]);
});

test("two subscriptions of one client are one client online", () => {
  const story = new Story().due(0, 1_000).connect(0, 1_100);
  story.subscribe(0, "a", 1_200);
  story.subscribe(0, "b", 1_300);
  expect(rows(story.close(0, 9_000))).toEqual([
    [1_200, 0, 1],
    [1_300, 0, 1],
    [3_000, 1, 1],
    [9_000, 1, 0],
  ]);
});

test("a client that never subscribes is online while connected", () => {
  expect(rows(new Story().due(0, 1_000).connect(0, 1_100).close(0, 9_000))).toEqual([
    [1_100, 0, 1],
    [3_000, 1, 1],
    [9_000, 1, 0],
  ]);
});

test("who breaks off without a farewell, or is sent away with one, is still wanted; a farewell counts once", () => {
  const joined = () => {
    const story = new Story();
    story.due(0, 1_000).connect(0, 1_100).subscribe(0, "a", 1_200);
    return story;
  };
  const wanted = (story: Story) => rows(story).at(-1)?.[1];
  expect(wanted(joined().close(0, 9_000, { code: null, by: "self" }))).toBe(1);
  expect(wanted(joined().close(0, 9_000, { code: 1_000, by: "peer" }))).toBe(1);
  expect(wanted(joined().leave(0, 9_000))).toBe(0);
  const twice = joined().leave(0, 9_000);
  twice.connect(0, 10_000).subscribe(0, "a", 10_100);
  expect(wanted(twice.leave(0, 11_000)), "it was wanted once").toBe(0);
  const unasked = rows(new Story().connect(0, 1_000).leave(0, 9_000));
  expect(
    unasked.map(([, due]) => due),
    "nobody had asked for it",
  ).toEqual([0, 0]);
});
