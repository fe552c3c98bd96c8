import { describe, expect, test } from "vitest";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./generator-valid.ts";

const judged = (story: Story, phase = "baseline") => judgeOne(check, story.record(), phase);
/** Reports only about its loop, so that each test can add one thing. */
const quiet = (): Story => new Story().measureEach("loopLag", 0, 20_000, 1, 100);

describe("rule 6, I87: the generator is judged first", () => {
  test("one that keeps up is met: not a second unfit", () => {
    expect(judged(new Story().fitGenerator())).toEqual({ status: "met", measured: 0, samples: 1_800 });
  });

  test("without a word about itself it is unknown", () => {
    expect(judged(new Story())).toMatchObject({ status: "unknown", samples: 0 });
  });

  test("a second is unfit by late sends or by a late event loop, beyond the limit and not at it", () => {
    const late = (valueMs: number) => judged(quiet().measureEach("lateness", 0, 20_000, valueMs, 50));
    expect(late(50)).toMatchObject({ status: "met", measured: 0 });
    expect(late(51)).toMatchObject({
      status: "unknown",
      measured: 100,
      why: "it did not keep up in 18 of 18 seconds, first at 2 s: sends 51 ms late at p99",
    });
    const lag = (valueMs: number) => judged(new Story().measureEach("loopLag", 0, 20_000, valueMs, 50));
    expect(lag(100)).toMatchObject({ status: "met", measured: 0 });
    expect(lag(101)).toMatchObject({
      status: "unknown",
      why: expect.stringMatching(/event loop 101 ms late at p99$/),
    });
  });

  test("never breached: half of the seconds may be unfit, one more makes it unknown with the proof", () => {
    const unfit = (seconds: number) =>
      judged(quiet().measureEach("lateness", 3_000, 3_000 + seconds * 1_000, 400, 50));
    expect(unfit(9)).toMatchObject({
      status: "met",
      measured: 50,
      note: expect.stringMatching(/^9 seconds unfit, first at 3 s: sends 40\d.* ms late at p99$/),
    });
    expect(unfit(10)).toMatchObject({ status: "unknown", measured: 55.6 });
  });

  test("a second without a word is unfit", () => {
    const story = new Story()
      .measureEach("loopLag", 0, 8_000, 1, 100)
      .measureEach("loopLag", 18_000, 20_000, 1, 100);
    expect(judged(story)).toMatchObject({
      status: "unknown",
      why: "it did not keep up in 10 of 18 seconds, first at 8 s: no word about its event loop",
    });
  });

  test("I83: skipped slots are a load that was not made; slots of offline clients are not its doing", () => {
    const skipped = (late: number) =>
      judged(
        quiet()
          .count("sent", 5_000, 1_000 - late)
          .count("missedLate", 5_000, late),
      );
    expect(skipped(10)).toMatchObject({ status: "met" });
    expect(skipped(11)).toMatchObject({ status: "unknown", why: "1.1 % of the schedule skipped (limit 1)" });
    expect(judged(quiet().count("sent", 5_000, 10).count("missedOffline", 5_000, 500)).status).toBe("met");
  });

  test("a missing report disqualifies the phase that it touches", () => {
    const story = quiet().fault("kill", "server-2", 12_000, 14_000).loseFlush(12);
    expect(judged(story).status).toBe("met");
    expect(judged(story, "recovery after kill server-2").status).toBe("met");
    expect(judged(story, "during kill server-2")).toMatchObject({
      status: "unknown",
      why: expect.stringMatching(/reports of the load are missing \(VU 1\)/),
    });
  });

  test("three seconds of silence in the middle of the run disqualify", () => {
    const silent = (seconds: number) => {
      const { ledger, ...rest } = quiet().record();
      const times =
        ledger.flushTimes.get(1)?.filter((atMs) => atMs <= 5_000 || atMs >= 5_000 + seconds * 1_000) ?? [];
      return judgeOne(
        check,
        { ...rest, ledger: { ...ledger, flushTimes: new Map([[1, times]]) } },
        "baseline",
      );
    };
    expect(silent(3)).toMatchObject({ status: "met" });
    expect(silent(4)).toMatchObject({ status: "unknown", why: "no report for 4,000 ms (limit 3,000)" });
  });

  test("a silence disqualifies the phases that it touches, and not the one that it ends or begins with", () => {
    const silent = (fromMs: number, toMs: number) => {
      const story = quiet().fault("kill", "server-2", 12_000, 14_000);
      const { ledger, ...rest } = story.record();
      const times = (ledger.flushTimes.get(1) ?? []).filter((atMs) => atMs <= fromMs || atMs >= toMs);
      const record = { ...rest, ledger: { ...ledger, flushTimes: new Map([[1, times]]) } };
      const phases = ["baseline", "during kill server-2", "recovery after kill server-2"];
      return phases.map((phase) => judgeOne(check, record, phase).status);
    };
    expect(silent(8_000, 12_000)).toEqual(["unknown", "met", "met"]);
    expect(silent(8_000, 13_000)).toEqual(["unknown", "unknown", "met"]);
    expect(silent(14_000, 18_000)).toEqual(["met", "met", "unknown"]);
    expect(silent(13_000, 18_000)).toEqual(["met", "unknown", "unknown"]);
  });

  test("a silence up to the end of the phase counts as well", () => {
    const { ledger, ...rest } = quiet().record();
    const flushTimes = new Map([[1, (ledger.flushTimes.get(1) ?? []).filter((atMs) => atMs <= 15_000)]]);
    expect(judgeOne(check, { ...rest, ledger: { ...ledger, flushTimes } }, "baseline").status).toBe(
      "unknown",
    );
  });

  test("I82: a step of the wall clock disqualifies, a slow drift does not matter here", () => {
    const stepped = (byMs: number) => judged(quiet().machine(4_000).machine(5_000, { clockStepMs: byMs }));
    expect(stepped(50).status).toBe("met");
    expect(stepped(-51)).toMatchObject({ status: "unknown", why: "the clock stepped by 51 ms (limit 50)" });
  });

  test("I82: a step counts between any two samples of the phase, its edges included, and in no other", () => {
    const stepped = (fromMs: number, toMs: number) => {
      const story = quiet().fault("kill", "server-2", 12_000, 14_000);
      story.machine(fromMs, { clockStepMs: 0 }).machine(toMs, { clockStepMs: 60 });
      const phases = ["baseline", "during kill server-2", "recovery after kill server-2"];
      return phases.map((phase) => judged(story, phase).status);
    };
    expect(stepped(12_000, 14_000)).toEqual(["met", "unknown", "met"]);
    expect(stepped(11_999, 14_001)).toEqual(["met", "met", "met"]);
    expect(stepped(3_000, 4_000)).toEqual(["unknown", "met", "met"]);
  });

  test("a shortage is told by the sample after it: of the phase's first moment it is not its own", () => {
    const short = (atMs: number) => {
      const story = quiet().fault("kill", "server-2", 12_000, 14_000).machine(atMs, { portsUsed: 0.95 });
      return judged(story, "during kill server-2").status;
    };
    expect([short(12_000), short(12_001), short(14_500), short(14_501)]).toEqual([
      "met",
      "unknown",
      "unknown",
      "met",
    ]);
  });

  test("an exception in the engine disqualifies the phase in which it was", () => {
    const story = quiet().fault("kill", "server-2", 12_000, 14_000).error(12_500, "x is not a function");
    expect(judged(story).status).toBe("met");
    expect(judged(story, "during kill server-2")).toMatchObject({
      status: "unknown",
      why: "1 exception in the engine (onmessage: x is not a function)",
    });
  });

  test("an exception at the edge of two phases is the later one's", () => {
    const thrown = (atMs: number) => {
      const story = quiet().fault("kill", "server-2", 12_000, 14_000).error(atMs, "x is not a function");
      return judged(story, "during kill server-2").status;
    };
    expect([thrown(11_999), thrown(12_000), thrown(13_999), thrown(14_000)]).toEqual([
      "met",
      "unknown",
      "unknown",
      "met",
    ]);
  });

  test("running out of its own ports, descriptors or memory disqualifies; a refusal of the target does not", () => {
    expect(judged(quiet().fail(1, 5_000, "dial: cannot assign requested address"))).toMatchObject({
      status: "unknown",
      why: "1 connection failed on its own machine: dial: cannot assign requested address",
    });
    expect(judged(quiet().fail(1, 5_000, "socket: too many open files")).status).toBe("unknown");
    expect(judged(quiet().fail(1, 5_000, "connect: connection refused")).status).toBe("met");
    expect(judged(quiet().fail(1, 1_999, "socket: too many open files")).status, "before it").toBe("met");
  });

  test.each([
    [{ portsUsed: 0.899 }, { portsUsed: 0.9 }, "90 % of the local ports in use at 6 s (limit 90)"],
    [
      { descriptorsUsed: 0.5 },
      { descriptorsUsed: 0.95 },
      "95 % of an engine's descriptors in use at 6 s (limit 90)",
    ],
    [
      { telemetryLagMs: 3_000 },
      { telemetryLagMs: 3_001 },
      "a report took 3,001 ms to arrive, at 6 s (limit 3,000)",
    ],
    [
      { descriptorsUsed: 0.899 },
      { descriptorsUsed: 0.9 },
      "90 % of an engine's descriptors in use at 6 s (limit 90)",
    ],
    [{ clockResolutionMs: 1 }, { clockResolutionMs: 4 }, "the clock ticks only every 4 ms (limit 1)"],
  ])("a shortage of its machine disqualifies, with the second and the measure: %o", (fit, unfit, why) => {
    expect(judged(quiet().machine(5_000, fit).machine(6_000, fit))).toMatchObject({ status: "met" });
    expect(judged(quiet().machine(5_000, fit).machine(6_000, unfit))).toMatchObject({
      status: "unknown",
      why,
    });
    const over = quiet().machine(5_000, unfit).machine(5_500, fit).machine(7_000, unfit);
    expect(judged(over), "the first of the worst, though it passed").toMatchObject({
      why: why.replace("at 6 s", "at 5 s"),
    });
    const elsewhere = quiet().fault("kill", "server-2", 12_000, 14_000).machine(13_000, unfit);
    expect(judged(elsewhere)).toMatchObject({ status: "met" });
  });

  test("a machine that is full, or that the hypervisor starves, is not the generator's doing", () => {
    for (const short of [{ cpu: 1 }, { stolen: 0.9 }]) {
      const story = quiet();
      for (let atMs = 1_000; atMs <= 20_000; atMs += 1_000) story.machine(atMs, short);
      expect(judged(story)).toMatchObject({ status: "met", measured: 0 });
    }
  });
});
