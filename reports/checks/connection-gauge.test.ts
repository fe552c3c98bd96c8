import { describe, expect, test } from "vitest";
import { BALANCED } from "../record/run-record.ts";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./connection-gauge.ts";

const timing = { warmUpMs: 2_000, publishUntilMs: 40_000, endMs: 42_000 };

/** What server-1 says at these times, with all that its one client (connected when told) ever did. */
function saysAt(gauge: number, times: readonly number[], story: Story): string {
  for (const atMs of times) story.server(atMs, "server-1", { websocket_connections_active: gauge });
  return judgeOne(check, story.record(), "baseline").status;
}

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

  test("what a balancer never brought to its end may be held by any of the servers", () => {
    const said = (gauge: number) => says(() => gauge, new Story({ timing }).due(7, 1_000, BALANCED));
    expect(judgeOne(check, said(2).record(), "baseline").status).toBe("met");
    expect(judgeOne(check, said(3).record(), "baseline").status).toBe("breached");
  });

  test("what one server never brought to its end is no other's", () => {
    const other = says(() => 1, new Story({ timing }).due(7, 1_000, 0));
    for (let atMs = 3_000; atMs <= 40_000; atMs += 1_000)
      other.server(atMs, "server-2", { websocket_connections_active: 2 });
    expect(judgeOne(check, other.record(), "baseline")).toMatchObject({ status: "breached", measured: 1 });
  });

  test("a single moment is none", () => {
    const once = says((atMs) => (atMs === 20_000 ? 2 : 1));
    expect(judgeOne(check, once.record(), "baseline")).toMatchObject({ status: "met" });
    const twice = says((atMs) => (atMs === 20_000 || atMs === 21_000 ? 2 : 1));
    expect(judgeOne(check, twice.record(), "baseline")).toMatchObject({
      status: "breached",
      measured: 1,
      counterexamples: [{ text: "server-1: 2 in the gauge, at most 1 in the ledger", atMs: 20_000 }],
    });
  });

  test("what both of two samples agree on is the difference", () => {
    const falling = says((atMs) => ({ 20000: 6, 21000: 3 })[atMs] ?? 1);
    expect(judgeOne(check, falling.record(), "baseline")).toMatchObject({ measured: 2 });
    const rising = says((atMs) => ({ 20000: 3, 21000: 6 })[atMs] ?? 1);
    expect(judgeOne(check, rising.record(), "baseline")).toMatchObject({ measured: 2 });
    const both = says((atMs) => ({ 20000: 0, 21000: 2 })[atMs] ?? 1);
    expect(judgeOne(check, both.record(), "baseline"), "one too few, then one too many").toMatchObject({
      status: "met",
    });
  });

  test("a sample speaks of the second before it: the first moment of a phase is not its own, and its end is", () => {
    const story = says(() => 1);
    for (const atMs of [2_000, 40_001]) story.server(atMs, "server-1", { websocket_connections_active: 1 });
    expect(judgeOne(check, story.record(), "baseline")).toMatchObject({ samples: 38 });
  });

  test("2 s after its client connected, and until 2 s before it closed, a connection must be counted", () => {
    const missing = (...times: readonly number[]) =>
      saysAt(0, times, new Story({ timing }).connect(0, 3_000).close(0, 10_000));
    expect([missing(4_999, 5_000), missing(5_000, 5_001)]).toEqual(["met", "breached"]);
    expect([missing(7_999, 8_000), missing(8_000, 8_001)]).toEqual(["breached", "met"]);
  });

  test("from 2 s before its client wanted it, and until 2 s after it closed, a connection may be counted", () => {
    const more = (...times: readonly number[]) =>
      saysAt(1, times, new Story({ timing }).due(0, 6_000).connect(0, 6_010).close(0, 10_000));
    expect([more(3_998, 3_999), more(3_999, 4_000)]).toEqual(["breached", "met"]);
    expect([more(12_000, 12_001), more(12_001, 12_002)]).toEqual(["met", "breached"]);
  });

  test("from the very moment at which a fault on the clients' links begins, more is not judged", () => {
    const cut = (atMs: number) =>
      saysAt(
        2,
        [19_999, 20_000],
        new Story({ timing }).fault("cut", "server-1/clients", atMs, 25_000).connect(0, 1_000),
      );
    expect([cut(20_001), cut(20_000)]).toEqual(["breached", "met"]);
  });

  test("a fault on the clients' links that only fell due has not begun", () => {
    const due = new Story({ timing }).connect(0, 1_000).fault("cut", "server-1/clients", 20_001, 25_000, {
      steps: [
        ["due", 10_000],
        ["injecting", 20_001],
        ["observed", 20_010],
        ["healed", 25_000],
      ],
    });
    expect(saysAt(2, [19_999, 20_000], due)).toBe("breached");
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

  test("a user's own system may have other users, and behind one address nobody knows whose clients are ours", () => {
    const own = (urls: readonly string[]) =>
      judgeOne(
        check,
        says(
          () => 30,
          new Story({
            timing,
            target: { kind: "external", urls, connectHeaders: {}, metricsUrls: ["a", "b", "c"] },
          }),
        ).record(),
        "baseline",
      );
    expect(own(["ws://a", "ws://b", "ws://c"])).toMatchObject({ status: "met" });
    expect(own(["ws://balancer"]).status).not.toBe("breached");
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
