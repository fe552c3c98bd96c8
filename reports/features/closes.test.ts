import { describe, expect, test } from "vitest";
import { findIn } from "../testing/find-feature.ts";
import { Story } from "../testing/story.ts";
import fixedAge from "./closes-at-fixed-age.ts";
import fixedSilence from "./closes-at-fixed-silence.ts";
import atOnce from "./stop-cut-at-once.ts";
import withoutFrame from "./stop-without-close-frame.ts";
import unaffected from "./unaffected-instances-lost-clients.ts";

const features = { atOnce, withoutFrame, unaffected, fixedAge, fixedSilence };
const foundIn = (story: Story) =>
  Object.entries(features).flatMap(([name, feature]) => (findIn(feature, story).length > 0 ? [name] : []));

/** Nine clients, three on each server; server-1 is asked to stop at 8 s. */
function stop(): Story {
  const story = new Story({ clients: 9 }).fault("terminate", "server-1", 8_000, 12_000, {
    closes: [1000, 1001, 1012],
  });
  for (let client = 0; client < 9; client++) story.join(client, "1", 1_000 + client * 400);
  return story;
}

describe("a planned stop", () => {
  test("with a notice, close frames and time to leave: nothing to find", () => {
    const story = stop();
    for (const [nth, client] of [0, 3, 6].entries())
      story.close(client, 9_500 + nth * 800, { code: 1_012, by: "peer" });
    expect(foundIn(story)).toEqual([]);
  });

  test("B22: cut at once and without a word", () => {
    const story = stop();
    for (const client of [0, 3, 6]) story.close(client, 8_050);
    expect(foundIn(story)).toEqual(["atOnce", "withoutFrame"]);
    expect(findIn(atOnce, story)[0]?.text).toBe(
      "3 of 3 clients were out 50 ms after server-1 was asked to stop",
    );
  });

  test("B21: with a frame, but at once; B27: in time, but the rest is cut", () => {
    const polite = stop();
    for (const client of [0, 3, 6]) polite.close(client, 8_050, { code: 1_001, by: "peer" });
    expect(foundIn(polite)).toEqual(["atOnce"]);
    const late = stop();
    late.close(0, 9_500, { code: 1_001, by: "peer" });
    for (const client of [3, 6]) late.close(client, 10_500);
    expect(foundIn(late)).toEqual(["withoutFrame"]);
  });

  test("B23: clients of instances that stay were sent away as well", () => {
    const story = stop();
    for (const client of [0, 3, 6]) story.close(client, 9_500 + client * 100, { code: 1_012, by: "peer" });
    for (const client of [1, 4]) story.close(client, 9_600, { code: 1_012, by: "peer" });
    expect(foundIn(story)).toEqual(["unaffected"]);
    expect(findIn(unaffected, story).map(({ client }) => client)).toEqual([1, 4]);
  });

  test("a crash is no planned stop, and what happens to Redis acts on no instance alone", () => {
    const killed = new Story({ clients: 9 }).fault("kill", "server-1", 8_000, 12_000);
    const redis = new Story({ clients: 9 }).fault("cut", "redis", 8_000, 12_000);
    for (const story of [killed, redis]) {
      for (let client = 0; client < 9; client++) story.join(client, "1", 1_000 + client * 400);
      for (const client of [0, 3, 6]) story.close(client, 8_050);
      expect(foundIn(story)).toEqual([]);
    }
  });
});

describe("closes that no fault explains", () => {
  /** Six clients, that joined one after the other. */
  const closing = (of: (client: number, joinedMs: number) => { atMs: number; silentMs: number }): Story => {
    const story = new Story({ clients: 6 });
    for (let client = 0; client < 6; client++) {
      const joinedMs = 1_000 + client * 500;
      story.join(client, "1", joinedMs);
      const { atMs, silentMs } = of(client, joinedMs);
      story.close(client, atMs, { silentMs });
    }
    return story;
  };

  test("B1, B3, B9: at one and the same silence", () => {
    const story = closing((client, joinedMs) => ({ atMs: joinedMs + 6_000 + client * 900, silentMs: 6_000 }));
    expect(foundIn(story)).toEqual(["fixedSilence"]);
    expect(findIn(fixedSilence, story)[0]?.text).toBe(
      "6 connections closed 6,000 to 6,000 ms after the last byte",
    );
  });

  test("B1: who was silent from the start is as old as its silence, and that is an idle time-out", () => {
    const story = closing((_, joinedMs) => ({ atMs: joinedMs + 6_000, silentMs: 5_900 }));
    expect(foundIn(story)).toEqual(["fixedSilence"]);
  });

  test("B151, B152: at one and the same age, in the middle of traffic", () => {
    const story = closing((client, joinedMs) => ({ atMs: joinedMs + 8_000, silentMs: 20 * client }));
    expect(foundIn(story)).toEqual(["fixedAge"]);
    expect(findIn(fixedAge, story)[0]?.text).toContain("6 connections closed at an age of 8,00");
  });

  test("at all times: no rule to find", () => {
    const story = closing((client, joinedMs) => ({
      atMs: joinedMs + 2_000 + client * 1_900,
      silentMs: 100 + client * 700,
    }));
    expect(foundIn(story)).toEqual([]);
  });
});
