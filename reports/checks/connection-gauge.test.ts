import { describe, expect, test } from "vitest";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./connection-gauge.ts";

const timing = { warmUpMs: 2_000, publishUntilMs: 40_000, endMs: 42_000 };

/** One client on each of three servers; server-1 says each second that it has this many. */
function says(gauge: (atMs: number) => number, story = new Story({ timing })): Story {
  for (const client of [0, 1, 2]) story.join(client, "a", 1_000);
  for (let atMs = 3_000; atMs <= 40_000; atMs += 1_000)
    story.server(atMs, "server-1", { websocket_connections_active: gauge(atMs) });
  return story;
}

describe("INV-METRIC, D41: the gauge of connections", () => {
  test("as many as its clients hold is met", () => {
    expect(judgeOne(check, says(() => 1).record(), "baseline")).toEqual({
      status: "met",
      measured: 0,
      samples: 38,
    });
  });

  test("B11: one that is never taken out is seen, and by how many", () => {
    expect(judgeOne(check, says(() => 3).record(), "baseline")).toMatchObject({
      status: "breached",
      measured: 2,
      why: "server-1 says that it has 3 connections, and its clients hold at most 1",
    });
  });

  test("too few is seen as well", () => {
    expect(judgeOne(check, says(() => 0).record(), "baseline")).toMatchObject({
      status: "breached",
      measured: 1,
      why: "server-1 says that it has 0 connections, and its clients hold at least 1",
    });
  });

  test("a single moment is none", () => {
    const once = says((atMs) => (atMs === 20_000 ? 2 : 1));
    expect(judgeOne(check, once.record(), "baseline")).toMatchObject({ status: "met" });
    const twice = says((atMs) => (atMs === 20_000 || atMs === 21_000 ? 2 : 1));
    expect(judgeOne(check, twice.record(), "baseline")).toMatchObject({ status: "breached", measured: 1 });
  });

  test("around a close nobody knows", () => {
    const closed = says((atMs) => (atMs < 22_000 ? 1 : 0)).close(0, 20_000);
    expect(judgeOne(check, closed.record(), "baseline")).toMatchObject({ status: "met" });
    const kept = says(() => 1).close(0, 20_000);
    expect(judgeOne(check, kept.record(), "baseline")).toMatchObject({ status: "breached", measured: 1 });
  });

  test("the probe's connections, examiners' and those of a broken link may be more", () => {
    const probed = says(() => 2, new Story({ timing, probe: { subscriptions: 1 } }));
    expect(judgeOne(check, probed.record(), "baseline")).toMatchObject({ status: "met" });
    const roles = [
      { name: "chatter", clients: 3, engine: "k6", provokes: [] },
      { name: "examiner", clients: 1, engine: "native", provokes: [], asks: [] },
    ] as const;
    const examined = says(() => 2, new Story({ timing, roles }));
    expect(judgeOne(check, examined.record(), "baseline")).toMatchObject({ status: "met" });
    const broken = says(() => 2, new Story({ timing }).fault("blackhole", "server-1/clients", 3_000, 8_000));
    expect(judgeOne(check, broken.record(), "final")).toMatchObject({ status: "met" });
    const killed = says(() => 2, new Story({ timing }).fault("kill", "server-2", 3_000, 8_000));
    expect(judgeOne(check, killed.record(), "final")).toMatchObject({ status: "breached" });
  });

  test("who does not read learns late of its end: that it is missing says nothing", () => {
    const roles = [{ name: "stalled", clients: 3, engine: "native", provokes: [1_013] }] as const;
    expect(judgeOne(check, says(() => 0, new Story({ timing, roles })).record(), "baseline")).toMatchObject({
      status: "met",
    });
  });

  test("without a server that clients know it is unknown", () => {
    const stranger = new Story({ timing }).server(5_000, "server-9", { websocket_connections_active: 0 });
    expect(judgeOne(check, stranger.record(), "baseline")).toMatchObject({ status: "unknown", samples: 0 });
  });
});
