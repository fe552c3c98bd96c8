import { describe, expect, test } from "vitest";
import { Story } from "./testing/story.ts";
import { faultInForce, faultSpans, messageSpan, type Phase, phasesOf } from "./windows.ts";

const short = (phases: readonly Phase[]): string[] =>
  phases.map(({ name, fromMs, toMs }) => `${name} ${fromMs / 1_000}-${toMs / 1_000}`);

const phasesOfStory = (story: Story): string[] => short(phasesOf(story.record()));

const long = { timing: { warmUpMs: 5_000, publishUntilMs: 60_000, endMs: 62_000 } };

describe("rule 5: the run cut into phases", () => {
  test("without a fault everything after the warm-up is baseline", () => {
    expect(phasesOfStory(new Story())).toEqual(["warm-up 0-2", "baseline 2-20"]);
  });

  test("without a warm-up there is no such phase", () => {
    const story = new Story({ timing: { warmUpMs: 0, publishUntilMs: 9_500, endMs: 10_000 } });
    expect(phasesOfStory(story)).toEqual(["baseline 0-10"]);
  });

  test("a fault counts from its actual injection to its seen healing, on whole seconds outwards", () => {
    const story = new Story(long).fault("kill", "server-2", 12_000, 14_000, {
      steps: [
        ["injecting", 12_030],
        ["observed", 12_060],
        ["healing", 14_010],
        ["healed", 15_400],
      ],
    });
    expect(phasesOfStory(story)).toEqual([
      "warm-up 0-5",
      "baseline 5-12",
      "during kill server-2 12-16",
      "recovery after kill server-2 16-28",
      "final 28-60",
    ]);
  });

  test("two faults far apart have a baseline between them, close ones share out what lies between", () => {
    const apart = new Story(long)
      .fault("kill", "server-2", 10_000, 12_000)
      .fault("latency", "server-1/redis", 40_000, 44_000);
    expect(phasesOfStory(apart).slice(2)).toEqual([
      "during kill server-2 10-12",
      "recovery after kill server-2 12-24",
      "baseline after kill server-2 24-40",
      "during latency server-1/redis 40-44",
      "recovery after latency server-1/redis 44-56",
      "final 56-60",
    ]);
    const close = new Story(long)
      .fault("kill", "server-2", 10_000, 12_000)
      .fault("cut", "server-1/clients", 13_000, 15_000);
    expect(phasesOfStory(close).slice(2, 4)).toEqual([
      "during kill server-2 10-13",
      "during cut server-1/clients 13-15",
    ]);
  });

  test("a fault that begins when another one is healed has a phase of its own", () => {
    const story = new Story(long)
      .fault("kill", "server-2", 10_000, 12_000)
      .fault("cut", "server-1/clients", 12_000, 15_000);
    expect(phasesOfStory(story).slice(2, 4)).toEqual([
      "during kill server-2 10-12",
      "during cut server-1/clients 12-15",
    ]);
  });

  test("C64: windows of one schedule are one phase with its name, also when they do not overlap", () => {
    const story = new Story(long)
      .fault("latency", "server-1/postgres", 10_000, 13_000, { schedule: "storm" })
      .fault("cut", "server-3/redis", 14_000, 15_000)
      .fault("kill", "server-2", 16_000, 18_000, { schedule: "storm" })
      .fault("cut", "server-3/redis", 40_000, 42_000);
    const phases = phasesOf(story.record());
    expect(short(phases).slice(1, 4)).toEqual([
      "baseline 5-10",
      "during storm + cut server-3/redis 10-18",
      "recovery after storm + cut server-3/redis 18-30",
    ]);
    expect(phases.find(({ kind }) => kind === "fault")?.faults).toEqual([0, 1, 2]);
  });

  test("C64: windows of two schedules that do not meet are two phases", () => {
    const story = new Story(long)
      .fault("latency", "server-1/postgres", 10_000, 12_000, { schedule: "storm" })
      .fault("kill", "server-2", 40_000, 42_000, { schedule: "deploy" });
    expect(phasesOfStory(story).filter((name) => name.startsWith("during"))).toEqual([
      "during storm 10-12",
      "during deploy 40-42",
    ]);
  });

  const waits = {
    kind: "number",
    quantity: "ledger.sent",
    is: ">",
    value: 5_000,
    untilMs: 50_000,
  } as const;

  test("a window that waited for a condition counts from when it really happened", () => {
    const story = new Story(long).fault("kill", "server-2", 1_000, 3_000, {
      when: waits,
      steps: [
        ["due", 20_000],
        ["injecting", 21_010],
        ["observed", 21_100],
        ["healing", 23_000],
        ["healed", 24_500],
      ],
    });
    expect(phasesOfStory(story).slice(1, 3)).toEqual(["baseline 5-21", "during kill server-2 21-25"]);
  });

  test("a condition that never came true: baseline until its last chance, unknown from there", () => {
    const story = new Story(long).fault("kill", "server-2", 0, 3_000, {
      when: waits,
      steps: [["never-due", 50_010]],
    });
    const phases = phasesOf(story.record());
    expect(short(phases)).toEqual(["warm-up 0-5", "baseline 5-50", "during kill server-2 50-60"]);
    expect(phases[2]?.void).toBe("kill on server-2 never happened: never-due by hand");
  });

  test("a condition of which the record says nothing is unknown too, unless the run ended before its last chance", () => {
    const silent = new Story(long).fault("kill", "server-2", 0, 3_000, { when: waits, steps: [] });
    expect(phasesOf(silent.record()).at(-1)?.void).toContain("does not say what became of it");
    const cut = new Story(long).fault("kill", "server-2", 0, 3_000, { when: waits, steps: [] });
    const interrupted = cut.ended({ how: "interrupted", by: "SIGINT" }, 30_000).record();
    expect(faultSpans(interrupted)).toEqual([]);
  });

  test("overlapping faults make one phase that names both", () => {
    const story = new Story(long)
      .fault("kill", "server-2", 10_000, 14_000)
      .fault("latency", "server-1/redis", 12_000, 20_000);
    const phases = phasesOf(story.record());
    expect(short(phases).slice(2, 4)).toEqual([
      "during kill server-2 + latency server-1/redis 10-20",
      "recovery after kill server-2 + latency server-1/redis 20-32",
    ]);
    expect(phases[2]?.faults).toEqual([0, 1]);
  });

  test("the same fault twice gets two names", () => {
    const story = new Story(long)
      .fault("cut", "server-1/clients", 10_000, 12_000)
      .fault("cut", "server-1/clients", 40_000, 42_000);
    const names = phasesOf(story.record()).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("during cut server-1/clients (2)");
  });

  test("what is too short to judge goes to its neighbour, without a gap", () => {
    const story = new Story({ timing: { warmUpMs: 5_000, publishUntilMs: 26_000, endMs: 28_000 } });
    expect(phasesOfStory(story.fault("kill", "server-2", 6_500, 11_000))).toEqual([
      "warm-up 0-6",
      "during kill server-2 6-11",
      "recovery after kill server-2 11-26",
    ]);
  });

  test("two whole seconds are enough to be judged, before a fault and after it", () => {
    const story = new Story(long)
      .fault("kill", "server-2", 7_000, 9_000)
      .fault("cut", "server-1/clients", 11_000, 13_000);
    expect(phasesOfStory(story).slice(0, 5)).toEqual([
      "warm-up 0-5",
      "baseline 5-7",
      "during kill server-2 7-9",
      "recovery after kill server-2 9-11",
      "during cut server-1/clients 11-13",
    ]);
  });

  test("a fault within the warm-up ends it", () => {
    expect(phasesOfStory(new Story(long).fault("kill", "server-2", 3_000, 6_000))[0]).toBe("warm-up 0-3");
  });

  test.each([
    ["failed", [["injecting", 10_000] as const, ["failed", 10_050] as const], /failed: failed by hand/],
    [
      "had no effect",
      [["injecting", 10_000] as const, ["not-observed", 15_000] as const, ["healed", 16_000] as const],
      /had no effect/,
    ],
    ["never observed", [["injecting", 10_000] as const, ["healed", 16_000] as const], /never seen/],
    ["never recorded", [], /does not say/],
  ])("rule 7: a fault that %s makes its phase and its recovery void", (_, steps, why) => {
    const phases = phasesOf(
      new Story(long).fault("kill", "server-2", 10_000, 16_000, { steps: [...steps] }).record(),
    );
    expect(phases.find(({ kind }) => kind === "fault")?.void).toMatch(why);
    expect(phases.find(({ kind }) => kind === "recovery")?.void).toMatch(why);
    expect(phases.find(({ kind }) => kind === "baseline")?.void).toBeUndefined();
  });

  test("a fault that was never healed lasts until the end", () => {
    const steps = [["injecting", 10_000] as const, ["observed", 10_100] as const];
    expect(phasesOfStory(new Story(long).fault("kill", "server-2", 10_000, 16_000, { steps })).at(-1)).toBe(
      "during kill server-2 10-60",
    );
  });

  test("a run that was interrupted in a fault is judged on what there is", () => {
    const story = new Story(long)
      .fault("kill", "server-2", 10_000, 30_000, {
        steps: [["injecting", 10_000] as const, ["observed", 10_050]],
      })
      .fault("cut", "server-1/clients", 40_000, 45_000, { steps: [] })
      .ended({ how: "interrupted", by: "SIGINT" }, 17_400);
    expect(phasesOfStory(story)).toEqual(["warm-up 0-5", "baseline 5-10", "during kill server-2 10-17"]);
  });

  test("a fault in the second that an interrupted run did not finish is of no phase", () => {
    const story = new Story(long)
      .fault("kill", "server-2", 17_100, 30_000, { steps: [["injecting", 17_100]] })
      .ended({ how: "interrupted", by: "SIGINT" }, 17_800);
    expect(faultSpans(story.record())).toHaveLength(1);
    expect(phasesOfStory(story)).toEqual(["warm-up 0-5", "baseline 5-17"]);
  });

  test("a torn record is judged up to its last report, an empty one not at all", () => {
    expect(phasesOfStory(new Story(long).ended(undefined, 9_000))).toEqual(["warm-up 0-5", "baseline 5-9"]);
    const { plan, history } = new Story(long).lines();
    expect(plan.timeline).toEqual([]);
    expect(history.length).toBeGreaterThan(0);
    expect(phasesOfStory(new Story(long).ended(undefined, 0))).toEqual([]);
  });

  test("phases tile the run from 0 to the end of publishing", () => {
    for (let from = 1; from < 56; from++) {
      const record = new Story(long)
        .fault("kill", "server-2", from * 1_000 + 300, from * 1_000 + 2_700)
        .fault("cut", "server-1/clients", 30_100, 33_000)
        .record();
      let cursor = 0;
      for (const phase of phasesOf(record)) {
        expect(phase.fromMs, `${from}: ${phase.name}`).toBe(cursor);
        expect(phase.toMs).toBeGreaterThan(phase.fromMs);
        cursor = phase.toMs;
      }
      expect(cursor).toBe(60_000);
    }
  });
});

describe("rule 7: what the record says of a fault", () => {
  const spanOf = (...steps: NonNullable<Parameters<Story["fault"]>[4]>["steps"] & object) =>
    faultSpans(new Story(long).fault("kill", "server-2", 10_000, 12_000, { steps }).record())[0];

  test("healed is what was seen healed, or never came to be; the rest lasts until the end", () => {
    expect(spanOf(["injecting", 10_000], ["observed", 10_010], ["healed", 12_000])).toMatchObject({
      healed: true,
      toMs: 12_000,
    });
    expect(spanOf(["injecting", 10_000], ["failed", 10_050])).toMatchObject({ healed: true, toMs: 10_050 });
    expect(spanOf(["injecting", 10_000], ["observed", 10_010])).toMatchObject({
      healed: false,
      toMs: 60_000,
    });
  });

  test("one that was planned when the record ended is not missing from it, one a moment before is", () => {
    const planned = (fromMs: number) =>
      faultSpans(new Story(long).fault("kill", "server-2", fromMs, 62_000, { steps: [] }).record());
    expect(planned(60_000)).toEqual([]);
    expect(planned(59_999)).toMatchObject([{ fromMs: 59_999, toMs: 60_000 }]);
  });

  test("one whose condition came true and that then left no trace is missing from then on", () => {
    const when = { kind: "number", quantity: "ledger.sent", is: ">", value: 5, untilMs: 50_000 } as const;
    const story = new Story(long).fault("kill", "server-2", 1_000, 3_000, { when, steps: [["due", 20_000]] });
    expect(faultSpans(story.record())).toMatchObject([
      { fromMs: 21_000, toMs: 23_000, void: expect.stringMatching(/planned at 21000 ms.*does not say/) },
    ]);
  });

  test("those that begin together come in the plan's order, others by time", () => {
    const story = new Story(long)
      .fault("kill", "server-3", 30_000, 32_000)
      .fault("kill", "server-2", 10_000, 12_000)
      .fault("cut", "server-1/clients", 10_000, 11_000);
    expect(faultSpans(story.record()).map(({ window }) => window.index)).toEqual([1, 2, 0]);
  });
});

test("C.2: every message belongs to exactly one judged phase, the warm-up's to the first", () => {
  const record = new Story(long).fault("kill", "server-2", 12_000, 14_000).record();
  const judged = phasesOf(record).filter(({ kind }) => kind !== "warm-up");
  for (const atMs of [0, 4_999, 5_000, 11_999, 12_000, 30_000, 59_999, 60_000, 61_000]) {
    const homes = judged.filter((phase) => {
      const { fromMs, toMs } = messageSpan(record, phase);
      return atMs >= fromMs && atMs < toMs;
    });
    expect(homes, `${atMs}`).toHaveLength(1);
  }
});

test("evidence names the fault in force", () => {
  const spans = faultSpans(
    new Story(long)
      .fault("kill", "server-2", 12_000, 14_000)
      .fault("cut", "server-1/clients", 30_000, 33_000)
      .record(),
  );
  expect([11_999, 12_000, 13_999, 14_000, 31_000].map((atMs) => faultInForce(spans, atMs))).toEqual([
    undefined,
    0,
    0,
    undefined,
    1,
  ]);
});
