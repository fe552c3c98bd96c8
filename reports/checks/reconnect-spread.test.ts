import { describe, expect, test } from "vitest";
import { type Backoff, backoffDelayMs, backoffs } from "../../scenarios/model/backoff.ts";
import { random } from "../../scenarios/model/random.ts";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./reconnect-spread.ts";

const long = { timing: { warmUpMs: 2_000, publishUntilMs: 40_000, endMs: 42_000 } };
const DURING = "during kill server-2";

/** `count` clients of server-2 are dropped at 10 s, and retry after the given delays; others live on server-1. */
function dropped(count: number, delayMs: (i: number) => number | undefined): Story {
  const story = new Story(long).fault("kill", "server-2", 10_000, 12_000);
  for (let i = 0; i < count; i++) {
    story.join(i, "a", 500, 1);
    story.close(i, 10_001);
    const delay = delayMs(i);
    if (delay !== undefined) story.due(i, 10_001 + delay, 2);
  }
  for (let i = 0; i < 20; i++) story.join(1_000 + i, "a", 500, 0);
  return story;
}

const judged = (story: Story) => judgeOne(check, story.record(), DURING);
const byPolicy = (policy: Backoff, seed: number) =>
  judged(dropped(50, (i) => backoffDelayMs(policy, 1, random(seed, i))));

describe("INV-SPREAD: the first retries of those that a fault dropped", () => {
  test("D18, B16: a fixed delay brings all of them in one second", () => {
    expect(byPolicy(backoffs.fixed, 1)).toMatchObject({
      status: "breached",
      measured: 100,
      samples: 50,
      why: "50 of 50 dropped clients retried first between 11,001 and 11,001 ms: 100 % in one second, the limit is 50 %",
    });
    expect(byPolicy(backoffs.stompjs, 1).status).toBe("breached");
  });

  test("I20: full jitter never does, whatever the seed", () => {
    for (let seed = 0; seed < 100; seed++) {
      const verdict = byPolicy(backoffs["full-jitter"], seed);
      expect(verdict.status, `seed ${seed}`).toBe("met");
      expect(verdict.measured).toBeLessThan(40);
    }
  });

  test("B17: half of them in one second is the limit", () => {
    const half = (together: number) => judged(dropped(40, (i) => (i < together ? 1_000 : 2_000 + i * 150)));
    expect(half(20)).toMatchObject({ status: "met", measured: 50 });
    expect(half(21)).toMatchObject({ status: "breached", measured: 52.5 });
  });

  test("the second slides: a comb over a whole second's edge is seen", () => {
    // 999 ms from first to last is one second, 1,000 ms is not.
    const comb = (widthMs: number) => judged(dropped(40, (i) => (i % 2 === 0 ? 500 : 500 + widthMs)));
    expect(comb(999).measured).toBe(100);
    expect(comb(1_000).measured).toBe(50);
  });

  test("of two seconds that are equally full the first is shown", () => {
    // 39 from the first one's on, and 39 up to the last one's.
    const story = dropped(40, (i) => (i === 0 ? 0 : i === 39 ? 1_400 : 500));
    expect(judged(story)).toMatchObject({
      status: "breached",
      why: expect.stringMatching(/^39 of 40 dropped clients retried first between 10,001 and 10,501 ms/),
    });
  });

  test("only the first retry of a client counts", () => {
    const story = dropped(40, (i) => i * 150);
    for (let i = 0; i < 40; i++) story.due(i, 20_000, 2, 2);
    expect(judged(story)).toMatchObject({ status: "met" });
  });

  test("a client that was dropped twice by the same fault retried first after the first drop", () => {
    const story = dropped(40, (i) => i * 10);
    for (let i = 0; i < 40; i++) {
      story
        .connect(i, 10_600, 1)
        .close(i, 10_700)
        .due(i, 11_000 + i * 200, 2);
    }
    expect(judged(story)).toMatchObject({ status: "breached", measured: 100, samples: 40 });
  });

  test("clients of other servers, and those that left by themselves, were not dropped", () => {
    const story = dropped(40, (i) => i * 150);
    for (let i = 0; i < 20; i++) {
      story.close(1_000 + i, 10_050, i < 10 ? { code: 1_000, by: "self" } : {}).due(1_000 + i, 11_000, 2);
    }
    expect(judged(story)).toMatchObject({ status: "met", samples: 40 });
  });

  test("dropped is who lost the connection from 1 s before the fault to 2 s after its healing, to the millisecond", () => {
    const samples = (atMs: number) => {
      const story = dropped(40, (i) => i * 150);
      story.join(500, "a", 600, 1);
      return judged(story.close(500, atMs).due(500, atMs + 10_000, 2)).samples;
    };
    expect([8_999, 9_000, 14_000, 14_001].map(samples)).toEqual([40, 41, 41, 40]);
  });

  test("whoever leaves with a code of its own was not dropped; whoever gives its peer up, or is sent away, was", () => {
    const samples = (how: Parameters<Story["close"]>[2]) => {
      const story = dropped(40, (i) => i * 150);
      story.join(500, "a", 600, 1);
      return judged(story.close(500, 10_050, how)).samples;
    };
    expect(samples({ code: 1_000, by: "self" })).toBe(40);
    expect(samples({ code: null, by: "self" })).toBe(41);
    expect(samples({ code: 1_012, by: "peer" })).toBe(41);
    expect(samples({ code: null, by: "unknown" })).toBe(41);
  });

  test("B16: who retries in the very moment of the drop is part of the herd", () => {
    expect(judged(dropped(40, () => 0))).toMatchObject({ status: "breached", measured: 100 });
  });

  test("a herd belongs to the phase of the fault that made it", () => {
    const story = dropped(40, (i) => i * 150).fault("kill", "server-3", 28_000, 30_000);
    for (let i = 0; i < 40; i++) {
      story.join(100 + i, "b", 600, 2);
      story.close(100 + i, 28_001).due(100 + i, 29_001, 0);
    }
    expect(judged(story)).toMatchObject({ status: "met", samples: 40 });
    expect(judgeOne(check, story.record(), "during kill server-3")).toMatchObject({
      status: "breached",
      samples: 40,
    });
  });

  test("a fault that drops nobody is not to blame for who lost the connection meanwhile", () => {
    const story = dropped(40, (i) => i * 150).fault("cpu-starve", "server-3", 10_000, 12_000, {
      drops: false,
    });
    for (let i = 0; i < 40; i++) {
      story.join(100 + i, "b", 600, 2);
      story.close(100 + i, 11_001).due(100 + i, 12_001, 0);
    }
    expect(judgeOne(check, story.record(), "during kill server-2 + cpu-starve server-3")).toMatchObject({
      status: "met",
      samples: 40,
    });
  });

  test("a balancer drops whoever is connected, wherever it had placed them", () => {
    const story = new Story(long).fault("kill", "balancer", 10_000, 12_000);
    for (let i = 0; i < 40; i++) {
      story.join(i, "a", 500);
      story.close(i, 10_001).due(i, 11_001);
    }
    expect(judgeOne(check, story.record(), "during kill balancer")).toMatchObject({
      status: "breached",
      samples: 40,
    });
  });

  test("where CONNECTED named another server than the one that was dialled, either may be the one that was hit", () => {
    const story = dropped(40, (i) => i * 150);
    const record = story.record();
    const connections = record.ledger.connections.map((event) =>
      event.what === "closed" && event.client === 0
        ? { ...event, endpoint: 0 }
        : event.what === "closed" && event.client === 1
          ? { ...event, server: "server-1" }
          : event,
    );
    const behind = { ...record, ledger: { ...record.ledger, connections } };
    expect(judgeOne(check, behind, DURING).samples).toBe(40);
  });

  test("29 dropped clients say nothing, 30 do", () => {
    expect(judged(dropped(29, () => 1_000))).toMatchObject({ status: "unknown", samples: 29 });
    expect(judged(dropped(30, () => 1_000))).toMatchObject({ status: "breached", samples: 30 });
    expect(judged(dropped(0, () => 1_000))).toMatchObject({ status: "unknown", samples: 0 });
  });

  test("clients that never retried count against a pass, as far as they could change it", () => {
    const missing = (count: number) => judged(dropped(40, (i) => (i < count ? undefined : i * 150)));
    expect(missing(5).status).toBe("met");
    expect(missing(20)).toMatchObject({
      status: "unknown",
      why: "20 of 40 dropped clients were not seen to retry, and could change the verdict",
    });
  });

  test("of two faults in one phase the worse counts", () => {
    const story = dropped(40, (i) => i * 150).fault("cut", "server-3/clients", 11_000, 13_000);
    for (let i = 0; i < 40; i++) {
      story.join(100 + i, "b", 600, 2);
      story.close(100 + i, 11_001).due(100 + i, 12_001, 0);
    }
    expect(judgeOne(check, story.record(), "during kill server-2 + cut server-3/clients")).toMatchObject({
      status: "breached",
      measured: 100,
      samples: 80,
      counterexamples: [{ fault: 1, client: 100 }, {}, {}, {}, {}],
    });
  });
});
