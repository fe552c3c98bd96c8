import { describe, expect, test } from "vitest";
import type { Plan } from "../record/plan.ts";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./handshakes.ts";

const behindNginx: Pick<Plan, "target"> = {
  target: {
    kind: "reference",
    instances: 3,
    defects: [],
    balancer: {
      program: "nginx",
      balance: "round-robin",
      idleTimeoutMs: 1,
      passesUpgrade: true,
      upstreamHttp: "1.1",
      forwardsHeaders: true,
      buffers: false,
      failsOver: true,
      deadServers: 0,
      connectionsMax: 0,
      defects: ["upgrade-header-stripped"],
    },
    runAs: "processes",
  },
};

/** So many that get in, in the warm-up, as clients do. */
function crowd(story: Story, count: number): Story {
  for (let client = 0; client < count; client++) story.join(client, "a", 500);
  return story;
}

describe("D13: handshakes", () => {
  test("all get in: met, over all attempts since the start", () => {
    expect(judgeOne(check, crowd(new Story(), 6).record(), "baseline")).toEqual({
      status: "met",
      measured: 0,
      samples: 6,
    });
  });

  test("nobody tried: unknown", () => {
    expect(judgeOne(check, new Story().record(), "baseline")).toMatchObject({
      status: "unknown",
      samples: 0,
    });
  });

  test("one of a hundred is at the limit, one of fifty above it", () => {
    const one = (others: number) =>
      judgeOne(check, crowd(new Story(), others).fail(200, 900, "timed out").record(), "baseline");
    expect(one(99)).toMatchObject({ status: "met", measured: 1, samples: 100 });
    expect(one(49)).toMatchObject({ status: "breached", measured: 2, samples: 50 });
  });

  test("an attempt belongs to the phase in which it ended, that phase's first moment in and its end out", () => {
    const timing = { warmUpMs: 2_000, publishUntilMs: 60_000, endMs: 62_000 };
    const story = crowd(new Story({ timing }), 6)
      .fault("kill", "server-2", 10_000, 12_000)
      .fault("kill", "server-3", 40_000, 42_000);
    for (const [client, atMs] of [9_999, 10_000, 23_999, 24_000, 39_999, 40_000].entries())
      story.fail(100 + client, atMs, "refused");
    const failed = (phase: string) => {
      const verdict = judgeOne(check, story.record(), phase);
      return "counterexamples" in verdict ? verdict.counterexamples.map(({ atMs }) => atMs) : [];
    };
    expect(failed("baseline")).toEqual([9_999]);
    expect(failed("baseline after kill server-2")).toEqual([24_000, 39_999]);
  });

  test("F22, B179: names the proxy, and what the status means", () => {
    const story = crowd(new Story(behindNginx), 1)
      .fail(1, 600, "bad handshake: status 426")
      .fail(2, 700, "bad handshake: status 426")
      .fail(3, 5_000, "bad handshake: status 502");
    expect(judgeOne(check, story.record(), "baseline")).toEqual({
      status: "breached",
      measured: 75,
      samples: 4,
      why: "3 of 4 handshakes failed (75 %) through nginx (round-robin): 2 × bad handshake: status 426 (the server saw a plain GET: something on the way strips Upgrade and Connection); 1 × bad handshake: status 502 (the proxy found nobody behind it: a dead backend is still in its list)",
      counterexamples: [
        { text: "client 1 at the balancer: bad handshake: status 426", atMs: 600, client: 1 },
        { text: "client 2 at the balancer: bad handshake: status 426", atMs: 700, client: 2 },
        { text: "client 3 at the balancer: bad handshake: status 502", atMs: 5_000, client: 3 },
      ],
    });
  });
});

test("what Ctrl-C or the end of the run cut short did not fail", () => {
  const stopped = crowd(new Story(), 10);
  for (let client = 10; client < 18; client++)
    stopped.due(client, 8_900, 0).fail(client, 9_001, "the run ended");
  expect(judgeOne(check, stopped.interrupted(9_000).record(), "baseline")).toMatchObject({
    status: "met",
    samples: 10,
  });
});
