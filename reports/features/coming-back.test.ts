import { describe, expect, test } from "vitest";
import { findIn } from "../testing/find-feature.ts";
import { Story } from "../testing/story.ts";
import herd from "./herd-in-one-second.ts";
import comb from "./retry-comb-at-cap.ts";
import fixed from "./retry-delay-fixed.ts";
import narrow from "./retry-delay-narrow.ts";

/** `count` clients lose their connections together at 8 s; `waits` says how long each waits before each attempt. */
function drop(count: number, waits: (client: number) => readonly number[], everyMs = 0): Story {
  const story = new Story({ clients: count }).fault("kill", "server-1", 8_000, 9_000);
  for (let client = 0; client < count; client++) {
    story.join(client, "1", 1_000 + client, 0);
    let atMs = 8_010 + client * everyMs;
    story.close(client, atMs);
    const all = waits(client);
    for (const [nth, wait] of all.entries()) {
      atMs += wait;
      story.due(client, atMs, 1, nth + 1);
      if (nth < all.length - 1) story.fail(client, atMs, "refused");
    }
    story.connect(client, atMs + 4, 1);
  }
  return story;
}

const foundIn = (story: Story) =>
  Object.entries({ fixed, narrow, comb, herd }).flatMap(([name, feature]) =>
    findIn(feature, story).length > 0 ? [name] : [],
  );

describe("how long they waited", () => {
  test("B16: all the same time", () => {
    const story = drop(40, () => [1_000]);
    expect(foundIn(story)).toEqual(["fixed", "herd"]);
    expect(findIn(fixed, story)[0]?.text).toBe(
      "90 % of 40 first attempts came 1,000 to 1,000 ms after the loss",
    );
  });

  test("B17: a jitter of a second is a herd as well, but no fixed delay", () => {
    expect(foundIn(drop(40, (client) => [1_000 + client * 25]))).toEqual(["narrow", "herd"]);
  });

  test("full jitter over 8 s: nothing to find", () => {
    expect(foundIn(drop(40, (client) => [client * 200]))).toEqual([]);
  });

  test("B18: spread at first, and in step at the cap", () => {
    const story = drop(40, (client) => [client * 150, 3_000]);
    expect(foundIn(story)).toEqual(["comb"]);
    expect(findIn(comb, story)[0]?.text).toContain("attempts number 2 came 3,000 to 3,000 ms");
    expect(foundIn(drop(40, (client) => [client * 150, client * 100])), "still spread").toEqual([]);
    expect(foundIn(drop(40, () => [1_000, 3_000])), "in step from the first one: B16").not.toContain("comb");
  });

  test("one in ten may be late; more, and it is no rule", () => {
    const late = (few: number) => foundIn(drop(40, (client) => [client < few ? 5_000 : 1_000]));
    expect(late(2)).toContain("fixed");
    expect(late(6)).not.toContain("fixed");
  });

  test("who is dropped one after the other with a fixed delay is no herd", () => {
    expect(foundIn(drop(40, () => [1_000], 100))).toEqual(["fixed"]);
  });

  test("a few clients say nothing", () => {
    expect(foundIn(drop(19, () => [1_000]))).toEqual([]);
    expect(foundIn(drop(20, () => [1_000]))).toEqual(["fixed", "herd"]);
  });

  test("who left by itself and came again later retried nothing", () => {
    const story = new Story({ clients: 30 });
    for (let client = 0; client < 30; client++) {
      story.join(client, "1", 1_000 + client, 0);
      story.leave(client, 8_000);
      story.join(client, "1", 9_000, 0);
    }
    expect(foundIn(story)).toEqual([]);
  });
});
