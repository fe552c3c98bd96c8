import { describe, expect, test } from "vitest";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./recovery-time.ts";

const RECOVERY = "recovery after kill server-2";

/** 10 clients; the fault is healed at 12,500 ms. Deliveries are fine in every second, unless told otherwise. */
function killed(publishUntilMs = 60_000, slowUntilMs = 0, silentUntilMs = 0, idleUntilMs = 0): Story {
  const story = new Story({ timing: { warmUpMs: 2_000, publishUntilMs, endMs: publishUntilMs + 2_000 } });
  story.fault("kill", "server-2", 10_000, 12_500);
  for (let client = 0; client < 10; client++) story.join(client, "a", 500);
  for (let atMs = 0; atMs < publishUntilMs; atMs += 1_000) {
    const isSlow = atMs >= 10_000 && atMs < slowUntilMs;
    const isSilent = atMs >= 10_000 && atMs < silentUntilMs;
    const isIdle = atMs >= 10_000 && atMs < idleUntilMs;
    story.measure("loopLag", atMs, 2, 100);
    if (!isIdle) story.measure("lateness", atMs, 1, 10);
    if (!isSilent && !isIdle) story.measure("delivery", atMs, isSlow ? 400 : 5, 100);
  }
  return story;
}
const judged = (story: Story) => judgeOne(check, story.record(), RECOVERY);

describe("INV-RECOVER: recovery time", () => {
  test("seconds that cannot tell are waited out: they are no sign that it is well", () => {
    const starved = (fromS: number, toS: number, slowUntilMs: number) => {
      const story = killed(60_000, slowUntilMs);
      for (let s = 1; s <= 60; s++) story.machine(s * 1_000, { cpu: s > fromS && s <= toS ? 0.99 : 0.4 });
      return judged(story);
    };
    expect(starved(12, 60, 60_000)).toMatchObject({
      status: "unknown",
      why: expect.stringMatching(/too soon to see recovery; \d+ seconds of it could not be judged$/),
    });
    // slow behind the starved seconds, too
    expect(starved(12, 20, 24_000)).toMatchObject({ status: "met", measured: 11_500 });
    expect(starved(12, 20, 0)).toMatchObject({ status: "met", measured: 0 });
  });

  test("nothing to recover from is 0 ms", () => {
    expect(judged(killed())).toMatchObject({ status: "met", measured: 0 });
  });

  test("to the ms: from healing until the last of the dropped is subscribed again", () => {
    const story = killed().close(1, 10_001).close(4, 10_001);
    story.join(1, "a", 11_000, 2);
    story.join(4, "a", 16_750, 2);
    expect(judged(story)).toMatchObject({ status: "met", measured: 4_250 });
  });

  test("a short trouble within a long one does not end it", () => {
    const story = killed().close(1, 10_001).measure("delivery", 14_000, 400, 100);
    story.join(1, "a", 20_000, 2);
    expect(judged(story)).toMatchObject({ status: "met", measured: 7_500 });
  });

  test("at the limit it is met, beyond it breached", () => {
    const back = (atMs: number) => {
      const story = killed().close(1, 10_001);
      story.join(1, "a", atMs, 2);
      return judged(story);
    };
    expect(back(32_500)).toMatchObject({ status: "met", measured: 20_000 });
    expect(back(32_501)).toMatchObject({
      status: "breached",
      measured: 20_001,
      why: "20,001 ms after healing there was still trouble: 9 of 10 clients online; the limit is 20,000 ms",
    });
  });

  test("a client that never comes back is breached", () => {
    expect(judged(killed().close(1, 10_001))).toMatchObject({ status: "breached", measured: 47_500 });
  });

  test("a client that left by itself is not waited for", () => {
    expect(judged(killed().close(1, 10_001, { code: 1_000, by: "self" }))).toMatchObject({ status: "met" });
  });

  test("seconds whose p99 is over the baseline's limit are not recovered", () => {
    expect(judged(killed(60_000, 18_000))).toMatchObject({ status: "met", measured: 5_500 });
    expect(judged(killed(60_000, 40_000))).toMatchObject({ status: "breached", measured: 27_500 });
  });

  test("I87: a slow second in which the generator was late says nothing", () => {
    const story = killed(60_000, 18_000).measure("lateness", 17_000, 400, 10);
    expect(judged(story)).toMatchObject({ status: "met", measured: 4_500 });
  });

  test("the plan's own baseline limit decides what is slow; what is at it is not", () => {
    const slow = (baseline: number) =>
      judged(killed(60_000, 18_000).checks({ name: "delivery-p99", limits: { baseline } }));
    expect(slow(400)).toMatchObject({ measured: 0 });
    expect(slow(399)).toMatchObject({ measured: 5_500 });
  });

  test("it must stay so for 3 s: a relapse begins the wait anew", () => {
    const relapse = (atMs: number) => {
      const story = killed().close(1, 10_001);
      story.join(1, "a", 13_000, 2);
      story.close(1, atMs);
      story.join(1, "a", atMs + 1_000, 2);
      return judged(story);
    };
    expect(relapse(15_999)).toMatchObject({ status: "met", measured: 4_499 });
    expect(relapse(16_000)).toMatchObject({ status: "met", measured: 500 });
  });

  test("seconds in which messages were sent and none came are not recovered", () => {
    expect(judged(killed(60_000, 0, 16_000))).toMatchObject({ status: "met", measured: 3_500 });
  });

  test("seconds in which nothing was sent say nothing", () => {
    expect(judged(killed(60_000, 0, 0, 16_000))).toMatchObject({ status: "met", measured: 0 });
  });

  test("99 % of the clients back is back", () => {
    const missing = (count: number) => {
      const story = killed();
      for (let client = 10; client < 100; client++) story.join(client, "a", 500);
      for (let client = 0; client < count; client++) story.close(client, 10_001);
      return judged(story);
    };
    expect(missing(1)).toMatchObject({ status: "met", measured: 0 });
    expect(missing(2)).toMatchObject({ status: "breached" });
  });

  test("what ended with the healing is no trouble after it, and each trouble names the fault", () => {
    const story = killed().close(1, 10_001).close(4, 10_001);
    story.join(4, "a", 12_500, 2);
    story.join(1, "a", 40_000, 2);
    const verdict = judged(story);
    expect("counterexamples" in verdict && verdict.counterexamples).toEqual([
      { text: "9 of 10 clients online", atMs: 12_500, fault: 0 },
    ]);
  });

  test("of two troubles that end together the one that began first is told", () => {
    const story = killed().close(1, 10_001).measure("delivery", 32_000, 400, 100);
    story.join(1, "a", 33_000, 2);
    expect(judged(story)).toMatchObject({
      status: "breached",
      why: expect.stringMatching(/still trouble: 9 of 10 clients online;/),
    });
  });

  test("a fault that was over at once, like a balancer's reload, is not its own next fault", () => {
    const steps = ["injecting", "injected", "observed", "healing", "healed"] as const;
    const story = new Story({ timing: { warmUpMs: 2_000, publishUntilMs: 60_000, endMs: 62_000 } });
    story
      .fault("reload", "balancer", 10_000, 10_000, { steps: steps.map((step) => [step, 10_000]) })
      .measureEach("loopLag", 0, 60_000, 2, 100)
      .measureEach("delivery", 0, 60_000, 5, 100);
    expect(judgeOne(check, story.record(), "recovery after reload balancer")).toMatchObject({
      status: "met",
      measured: 0,
    });
  });

  test("a newcomer has 2 s to be there", () => {
    const arrives = (afterMs: number) => {
      const story = killed().due(50, 14_000);
      story.connect(50, 14_000 + afterMs - 2);
      story.subscribe(50, "a", 14_000 + afterMs);
      return judged(story);
    };
    expect(arrives(2_000)).toMatchObject({ status: "met", measured: 0 });
    // Due at 16,000 and there at 16,500: trouble more than 3 s after healing is no part of this recovery.
    expect(arrives(2_500)).toMatchObject({ status: "met", measured: 0 });
    const early = killed().due(50, 11_000);
    early.connect(50, 15_000);
    early.subscribe(50, "a", 15_002);
    expect(judged(early)).toMatchObject({ status: "met", measured: 2_502 });
  });

  test("cut short by the end of the run it is unknown", () => {
    const story = killed(22_000).close(1, 10_001);
    expect(judged(story)).toMatchObject({
      status: "unknown",
      why: "the run ended 9,500 ms after healing, too soon to see recovery (9 of 10 clients online)",
    });
    const barely = killed(22_000).close(1, 10_001);
    barely.join(1, "a", 19_000, 2);
    expect(judged(barely)).toMatchObject({ status: "met", measured: 6_500 });
    const notQuite = killed(22_000).close(1, 10_001);
    notQuite.join(1, "a", 19_001, 2);
    expect(judged(notQuite).status).toBe("unknown");
  });

  test("cut short by the next fault it is unknown, and that fault's trouble is not held against this one", () => {
    const story = killed().fault("cut", "server-1/clients", 18_000, 20_000).close(1, 10_001);
    expect(judged(story)).toMatchObject({
      status: "unknown",
      why: expect.stringMatching(/^cut server-1\/clients began 5,500 ms after healing/),
    });
    const fine = killed().fault("cut", "server-1/clients", 18_000, 20_000).close(0, 18_001);
    expect(judged(fine)).toMatchObject({ status: "met", measured: 0 });
  });

  test("without a delivery it is unknown", () => {
    const story = new Story({ timing: { warmUpMs: 2_000, publishUntilMs: 60_000, endMs: 62_000 } });
    story.fault("kill", "server-2", 10_000, 12_500);
    expect(judged(story)).toMatchObject({ status: "unknown", samples: 0 });
  });
});
