import { describe, expect, test } from "vitest";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./balance.ts";

/** One sample of each server at a time; undefined: it did not answer. */
function carrying(story: Story, atMs: number, ...counts: readonly (number | undefined)[]): Story {
  for (const [i, count] of counts.entries()) {
    const series = count === undefined ? {} : { websocket_connections_active: count };
    story.server(atMs, `server-${i + 1}`, series, count !== undefined);
  }
  return story;
}

const judged = (story: Story) => judgeOne(check, story.record(), "baseline");

describe("INV-BALANCE: connections of each instance", () => {
  test("even is 1, and what counts is the end of the phase", () => {
    const story = carrying(carrying(new Story(), 5_000, 60, 0, 0), 19_000, 20, 20, 20);
    expect(judged(story)).toEqual({ status: "met", measured: 1, samples: 60 });
  });

  test("just at the limit of 1.2, and just above it", () => {
    expect(judged(carrying(new Story(), 19_000, 24, 18, 18))).toMatchObject({ status: "met", measured: 1.2 });
    expect(judged(carrying(new Story(), 19_000, 25, 18, 17))).toMatchObject({
      status: "breached",
      measured: 1.25,
    });
  });

  test("B31: 8,000 beside twice 2,000 is 2, and says who", () => {
    expect(judged(carrying(new Story(), 19_000, 2_000, 8_000, 2_000))).toEqual({
      status: "breached",
      measured: 2,
      samples: 12_000,
      why: "the fullest instance carries 2 times the mean: server-2 8,000, server-1 2,000, server-3 2,000",
      counterexamples: [
        { text: "server-2: 8,000 connections, the mean is 4,000", server: "server-2" },
        { text: "server-1: 2,000 connections, the mean is 4,000", server: "server-1" },
        { text: "server-3: 2,000 connections, the mean is 4,000", server: "server-3" },
      ],
    });
  });

  test("B33: an instance that does not answer carries nobody", () => {
    expect(judged(carrying(new Story(), 19_000, 30, 30, undefined))).toMatchObject({
      status: "breached",
      measured: 1.5,
    });
  });

  test("too few to tell, a single instance, or nothing known: unknown", () => {
    expect(judged(carrying(new Story(), 19_000, 10, 10, 9))).toEqual({
      status: "unknown",
      samples: 29,
      why: "29 connections on 3 instances are too few to tell",
    });
    expect(judged(carrying(new Story(), 19_000, 90))).toMatchObject({ status: "unknown" });
    expect(judged(new Story())).toEqual({
      status: "unknown",
      samples: 0,
      why: "no server reported websocket_connections_active in this phase",
    });
  });

  test("two instances and ten connections on the average one are enough to tell", () => {
    expect(judged(carrying(new Story(), 19_000, 10, 10, 10))).toMatchObject({ status: "met", samples: 30 });
    expect(judged(carrying(new Story(), 19_000, 30, 10))).toMatchObject({
      status: "breached",
      measured: 1.5,
    });
  });

  test("a sample speaks of the second before it: the phase's last moment is its own, its first the one's before", () => {
    const at = (atMs: number) => judged(carrying(new Story(), atMs, 20, 20)).status;
    expect([at(2_000), at(2_001), at(20_000), at(20_001)]).toEqual(["unknown", "met", "met", "unknown"]);
  });
});

test("INV-BALANCE: one late answer at the end of the phase says nothing, three in a row do", () => {
  const even = () => {
    const story = new Story();
    for (let atMs = 3_000; atMs <= 17_000; atMs += 1_000) carrying(story, atMs, 30, 30, 30);
    return story;
  };
  const late = (times: number) => {
    const story = even();
    for (let n = 0; n < times; n++) carrying(story, 18_000 + n * 1_000, 30, 30, undefined);
    return judged(story);
  };
  const other = even().server(19_000, "server-4", {});
  expect(judged(other), "one that says nothing of it carries no share").toMatchObject({
    status: "met",
    samples: 90,
  });
  expect(late(2)).toMatchObject({ status: "met", measured: 1, samples: 90 });
  expect(late(3)).toMatchObject({ status: "breached", measured: 1.5, samples: 60 });
});
