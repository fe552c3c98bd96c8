import { describe, expect, test } from "vitest";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./send-queue-depth.ts";

const BOUNDS = [0, 1, 2, 3, 4, 5, 8, 16, 32, 64, 128, 256, 512];

/** The cumulative buckets of depths observed so far, as prom-client exports them. */
function series(depths: readonly number[], more: Record<string, number> = {}): Record<string, number> {
  const exported: Record<string, number> = {};
  for (const bound of BOUNDS) {
    exported[`websocket_send_queue_depth_bucket{le="${bound}",server="x"}`] = depths.filter(
      (d) => d <= bound,
    ).length;
  }
  exported['websocket_send_queue_depth_bucket{le="+Inf",server="x"}'] = depths.length;
  exported.websocket_send_queue_depth_count = depths.length;
  return { ...exported, ...more };
}

const many = (count: number, depth: number): number[] => Array<number>(count).fill(depth);
const long = { timing: { warmUpMs: 2_000, publishUntilMs: 40_000, endMs: 42_000 } };

describe("D7: send queue depth", () => {
  const grown = (depths: readonly number[]) =>
    judgeOne(
      check,
      new Story().server(2_000, "server-1", series([])).server(3_000, "server-1", series(depths)).record(),
      "baseline",
    );

  test("fewer than 5 is met, 5 is not", () => {
    expect(grown(many(100, 4))).toEqual({ status: "met", measured: 4, samples: 100 });
    expect(grown(many(100, 5))).toMatchObject({
      status: "breached",
      measured: 5,
      why: "the send queues of server-1 held 5 messages at p99 (5 messages at p95); the limit is 4",
    });
  });

  test("it is the 99th percentile: 1 in 100 may be deep, 2 may not", () => {
    expect(grown([...many(99, 0), 300])).toMatchObject({ status: "met", measured: 0 });
    expect(grown([...many(98, 0), ...many(2, 300)])).toMatchObject({ status: "breached", measured: 512 });
  });

  test("beyond the last bucket is one more than it, not infinity", () => {
    expect(grown(many(100, 9_999))).toMatchObject({ status: "breached", measured: 513 });
  });

  test("only what grew within the phase counts", () => {
    const before = many(500, 100);
    const story = new Story()
      .server(1_000, "server-1", series([]))
      .server(2_000, "server-1", series(before))
      .server(3_000, "server-1", series([...before, ...many(50, 0)]));
    expect(judgeOne(check, story.record(), "baseline")).toEqual({ status: "met", measured: 0, samples: 50 });
  });

  test("a sample speaks of the second before it: the phase's last moment is its own", () => {
    const at = (atMs: number) => {
      const story = new Story().server(3_000, "server-1", series([]));
      return judgeOne(check, story.server(atMs, "server-1", series(many(50, 0))).record(), "baseline").status;
    };
    expect([at(20_000), at(20_001)]).toEqual(["met", "unknown"]);
  });

  test("a server in which nothing was observed for a second did not begin anew", () => {
    const deep = many(500, 100);
    const story = new Story()
      .server(2_000, "server-1", series(deep))
      .server(3_000, "server-1", series(deep))
      .server(4_000, "server-1", series([...deep, ...many(50, 0)]));
    expect(judgeOne(check, story.record(), "baseline")).toEqual({ status: "met", measured: 0, samples: 50 });
  });

  test("a server that is at the limit is not shown among those over it", () => {
    const story = new Story();
    for (const [server, depth] of [
      ["server-1", 4],
      ["server-2", 5],
    ] as const)
      story.server(2_500, server, series([])).server(3_500, server, series(many(40, depth)));
    const verdict = judgeOne(check, story.record(), "baseline");
    const shown = "counterexamples" in verdict ? verdict.counterexamples : [];
    expect(shown.map(({ server }) => server)).toEqual(["server-2"]);
  });

  test("the worst server counts, and is named", () => {
    const story = new Story();
    for (const [server, depth] of [
      ["server-1", 0],
      ["server-2", 60],
      ["server-3", 5],
    ] as const)
      story.server(2_500, server, series([])).server(3_500, server, series(many(40, depth)));
    expect(judgeOne(check, story.record(), "baseline")).toMatchObject({
      status: "breached",
      measured: 64,
      samples: 120,
      counterexamples: [{ server: "server-2" }, { server: "server-3" }],
    });
  });

  test("a restarted server begins anew, by its start time or by a counter that went back", () => {
    const fault = () => new Story(long).fault("kill", "server-1", 10_000, 12_000);
    const story = fault()
      .server(9_500, "server-1", series(many(300, 0), { process_start_time_seconds: 100 }))
      .server(10_500, "server-1", {}, false)
      .server(11_500, "server-1", series(many(400, 0), { process_start_time_seconds: 200 }));
    expect(judgeOne(check, story.record(), "during kill server-1")).toEqual({
      status: "met",
      measured: 0,
      samples: 400,
    });
    const shrunk = fault()
      .server(9_500, "server-1", series(many(300, 0)))
      .server(11_500, "server-1", series(many(40, 3)));
    expect(judgeOne(check, shrunk.record(), "during kill server-1")).toEqual({
      status: "met",
      measured: 3,
      samples: 40,
    });
  });

  test("I72: during a fault the queue may fill up to its bound", () => {
    const story = (depth: number) =>
      new Story(long)
        .fault("latency", "server-1/clients", 10_000, 12_000)
        .server(10_000, "server-1", series([]))
        .server(11_000, "server-1", series(many(100, depth)));
    expect(judgeOne(check, story(256).record(), "during latency server-1/clients").status).toBe("met");
    expect(judgeOne(check, story(257).record(), "during latency server-1/clients").status).toBe("breached");
  });

  test("no sample, no series, one scrape or a handful of observations are unknown", () => {
    expect(judgeOne(check, new Story().record(), "baseline")).toEqual({
      status: "unknown",
      why: "no server reported websocket_send_queue_depth in this phase",
      samples: 0,
    });
    const other = new Story().server(3_000, "server-1", { up: 1 }).server(4_000, "server-1", { up: 1 });
    expect(judgeOne(check, other.record(), "baseline").status).toBe("unknown");
    const once = new Story().server(3_000, "server-1", series(many(900, 0)));
    expect(judgeOne(check, once.record(), "baseline").status).toBe("unknown");
    expect(grown(many(19, 0))).toEqual({
      status: "unknown",
      why: "only 19 observations of websocket_send_queue_depth; each server needs 20",
      samples: 19,
    });
    expect(grown(many(20, 0))).toMatchObject({ status: "met", samples: 20 });
  });
});
