import { describe, expect, test } from "vitest";
import { judge } from "../judge.ts";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./leftovers.ts";

const held = (connections: number, subscriptions: number) => ({
  websocket_connections_active: connections,
  websocket_subscriptions_active: subscriptions,
});

/** Everybody leaves at 22 s; the last sample says this. */
const ends = (connections: number, subscriptions: number, story = new Story()) => {
  story.join(0, "a", 1_000);
  return story
    .leave(0)
    .server(20_000, "server-1", held(1, 1))
    .server(22_500, "server-1", held(connections, subscriptions));
};

describe("INV-LEAK: what is left when everybody has gone", () => {
  test("nothing is met", () => {
    expect(judgeOne(check, ends(0, 0).record(), "baseline")).toEqual({
      status: "met",
      measured: 0,
      samples: 1,
    });
  });

  test("D80, B11, B131: connections and subscriptions are named", () => {
    expect(judgeOne(check, ends(2, 3).record(), "baseline")).toMatchObject({
      status: "breached",
      measured: 5,
      why: "5 connections and subscriptions are left on 1 server that nobody holds",
      counterexamples: [{ server: "server-1" }, { server: "server-1" }],
    });
  });

  test("a server that holds nothing is not among those that hold too much", () => {
    const story = ends(0, 3).server(22_500, "server-2", held(0, 0));
    expect(judgeOne(check, story.record(), "baseline")).toEqual({
      status: "breached",
      measured: 3,
      samples: 2,
      why: "3 connections and subscriptions are left on 1 server that nobody holds",
      counterexamples: [
        {
          text: "server-1: websocket_subscriptions_active is 3 after the last client has left",
          atMs: 22_500,
          server: "server-1",
        },
      ],
    });
  });

  test("everybody has left when the last connection is closed, which may be after the end", () => {
    const left = (atMs: number) => {
      const told = new Story().server(22_500, "server-1", held(0, 0));
      told.join(0, "a", 1_000);
      return judgeOne(check, told.leave(0, atMs).record(), "baseline").status;
    };
    expect([left(22_500), left(22_501)]).toEqual(["met", "unknown"]);
  });

  test("a last sample from before the end, of a server that is away or of one that counts neither, says nothing", () => {
    const last = (...sample: Parameters<Story["server"]>) => {
      const told = new Story().server(19_000, "server-1", held(0, 0)).server(...sample);
      told.join(0, "a", 1_000);
      return judgeOne(check, told.leave(0).record(), "baseline");
    };
    const nothing = { status: "unknown", samples: 0 };
    expect(last(20_000, "server-1", held(0, 0))).toMatchObject(nothing);
    expect(last(22_500, "server-1", {}, false)).toMatchObject(nothing);
    expect(last(22_500, "server-1", { process_cpu_seconds_total: 4 })).toMatchObject(nothing);
  });

  test("judged in the last phase only, and not after a fault on the clients' links", () => {
    const timing = { warmUpMs: 2_000, publishUntilMs: 40_000, endMs: 42_000 };
    const planned = [{ name: check.name, limits: check.limits }];
    const phases = (target: string) =>
      judge(
        new Story({ timing })
          .fault("cut", target, 10_000, 12_000)
          .checks(...planned)
          .record(),
        [check],
      ).judgements.map(({ phase }) => phase);
    expect(phases("server-1/redis")).toEqual(["final"]);
    expect(phases("server-1/clients")).not.toContain("final");
  });
});
