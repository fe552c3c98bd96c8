import { describe, expect, test } from "vitest";
import { type Backoff, backoffDelayMs, backoffs } from "../../scenarios/model/backoff.ts";
import { random } from "../../scenarios/model/random.ts";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./retry-jitter.ts";

const long = { timing: { warmUpMs: 2_000, publishUntilMs: 60_000, endMs: 62_000 } };
const DURING = "during cut server-2/clients";
const OUTAGE_MS = 10_000;

/** `count` clients of server-2 are cut off at 10 s; each retries after its delays, in vain until 20 s. */
function cutOff(
  count: number,
  delayMs: (client: number, attempt: number) => number,
  target = "server-2/clients",
): Story {
  const story = new Story(long).fault("cut", target, 10_000, 10_000 + OUTAGE_MS);
  for (let client = 0; client < count; client++) {
    story.join(client, "a", 500, 1);
    story.close(client, 10_001);
  }
  for (let client = 0; client < count; client++) {
    let atMs = 10_001;
    for (let attempt = 1; atMs < 10_000 + OUTAGE_MS; attempt++) {
      atMs += delayMs(client, attempt);
      story.due(client, atMs, 1);
      if (atMs < 10_000 + OUTAGE_MS) story.fail(client, atMs, "refused");
      else story.connect(client, atMs + 5, 1);
    }
  }
  return story;
}

const judged = (story: Story) => judgeOne(check, story.record(), DURING);
const byPolicy = (policy: Backoff, seed: number, count = 60) =>
  judged(cutOff(count, (client, attempt) => backoffDelayMs(policy, attempt, random(seed, client, attempt))));

describe("INV-SPREAD: what a client waits that fails to come back", () => {
  test("B18: jitter inside the cap is lost at the cap", () => {
    for (let seed = 0; seed < 20; seed++) {
      expect(byPolicy(backoffs["jitter-inside-cap"], seed), `seed ${seed}`).toMatchObject({
        status: "breached",
        measured: 100,
        why: expect.stringMatching(
          /waited between 4,000 and 4,000 ms before retry \d: 100 %, the limit is 50 %/,
        ),
      });
    }
  });

  test("B16: so is a delay that never had any", () => {
    expect(byPolicy(backoffs.fixed, 1)).toMatchObject({ status: "breached", measured: 100 });
  });

  test("I20: full jitter keeps it, whatever the seed", () => {
    for (let seed = 0; seed < 100; seed++) {
      const verdict = byPolicy(backoffs["full-jitter-short"], seed);
      expect(verdict.status, `seed ${seed}`).toBe("met");
      expect(verdict.measured).toBeLessThan(45);
    }
  });

  test("first retries say nothing here, however alike they are", () => {
    const story = cutOff(40, (client, attempt) => (attempt === 1 ? 1_000 : 500 + client * 100));
    expect(judged(story)).toMatchObject({ status: "met" });
  });

  test("half of them within a tenth of the longest is the limit", () => {
    const alike = (count: number) =>
      judged(cutOff(40, (client, attempt) => (attempt === 2 && client < count ? 9_000 : 100 + client * 200)));
    expect(alike(20).status).toBe("met");
    expect(alike(24).status).toBe("breached");
  });

  test("of 29 clients that retry again nothing can be said, of 30 it can", () => {
    expect(byPolicy(backoffs.fixed, 1, 29)).toMatchObject({ status: "unknown", samples: 0 });
    expect(byPolicy(backoffs.fixed, 1, 30).status).toBe("breached");
  });

  /** 40 that are cut off and come back well spread, and one more that lost its connection then and retried twice. */
  const oneMore = (atMs: number): Story => {
    const story = cutOff(40, (client) => 500 + client * 100);
    story.join(500, "a", 600, 1);
    return story
      .close(500, atMs)
      .due(500, atMs + 1_000, 1)
      .fail(500, atMs + 1_001, "refused")
      .due(500, atMs + 1_500, 1);
  };

  test("dropped is who lost the connection from 1 s before the fault to 2 s after its healing, to the millisecond", () => {
    const alone = judged(cutOff(40, (client) => 500 + client * 100)).samples;
    const more = [8_999, 9_000, 22_000, 22_001].map((atMs) => judged(oneMore(atMs)).samples - alone);
    expect(more).toEqual([0, 1, 1, 0]);
  });

  test("where CONNECTED named another server than the one that was dialled, either may be the one that was hit", () => {
    const record = oneMore(10_500).record();
    const { samples } = judgeOne(check, record, DURING);
    for (const other of [{ endpoint: 0 }, { server: "server-1" }]) {
      const connections = record.ledger.connections.map((event) =>
        event.what === "closed" && event.client === 500 ? { ...event, ...other } : event,
      );
      const placed = { ...record, ledger: { ...record.ledger, connections } };
      expect(judgeOne(check, placed, DURING).samples).toBe(samples);
    }
  });

  test("B18, E40: in front of the balancer all are cut off", () => {
    const story = cutOff(40, () => 1_000, "balancer/clients");
    expect(judgeOne(check, story.record(), "during cut balancer/clients")).toMatchObject({
      status: "breached",
      samples: expect.any(Number),
      measured: 100,
    });
  });

  test("a lost jitter belongs to the phase of the fault that brought it to light", () => {
    const story = cutOff(40, (client) => 500 + client * 100).fault("kill", "server-3", 45_000, 47_000);
    for (let client = 100; client < 140; client++) {
      story.join(client, "b", 600, 2);
      story
        .close(client, 45_001)
        .due(client, 46_000, 2)
        .fail(client, 46_001, "refused")
        .due(client, 50_001, 2);
    }
    expect(judged(story)).toMatchObject({ status: "met" });
    expect(judgeOne(check, story.record(), "during kill server-3")).toMatchObject({
      status: "breached",
      measured: 100,
      samples: 40,
    });
  });

  test("of two windows that are equally full the one of the shorter delays is shown", () => {
    const second = (client: number) => (client === 0 ? 8_400 : client === 39 ? 9_500 : 9_000);
    const story = cutOff(40, (client, attempt) =>
      attempt === 1 ? 100 : attempt === 2 ? second(client) : 500 + client * 100,
    );
    expect(judged(story)).toMatchObject({
      status: "breached",
      why: expect.stringMatching(/^39 of 40 clients waited between 8,400 and 9,000 ms before retry 2/),
    });
  });

  /** 30 that are cut off and come back well spread, and 40 of server-1 that lost their connections meanwhile and do not. */
  const besides = (): Story => {
    const story = cutOff(30, (client) => 500 + client * 100);
    for (let client = 100; client < 140; client++) {
      story.join(client, "b", 600, 0);
      story
        .close(client, 10_500)
        .due(client, 11_000, 0)
        .fail(client, 11_001, "refused")
        .due(client, 12_000, 0);
    }
    return story;
  };

  test("clients of another server, and those that were back, are not counted", () => {
    expect(judged(besides())).toMatchObject({ status: "met" });
  });

  test("a fault that drops nobody is not to blame for who lost the connection meanwhile", () => {
    const starved = besides().fault("cpu-starve", "server-1", 10_000, 20_000, { drops: false });
    expect(judgeOne(check, starved.record(), `${DURING} + cpu-starve server-1`)).toMatchObject({
      status: "met",
    });
  });

  test("of a client that was dropped twice by the same fault the first time counts", () => {
    const once = oneMore(10_500);
    const { samples } = judged(once);
    const twice = once
      .connect(500, 12_500, 1)
      .close(500, 13_000)
      .due(500, 14_000, 1)
      .fail(500, 14_001, "refused")
      .due(500, 14_500, 1);
    expect(judged(twice).samples).toBe(samples);
  });
});
