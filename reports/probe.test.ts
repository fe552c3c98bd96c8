import { describe, expect, test } from "vitest";
import check from "./checks/delivery-p99.ts";
import { judge } from "./judge.ts";
import { probeFigures, tellProbe } from "./probe.ts";
import { judgeOne } from "./testing/judge-one.ts";
import { Story } from "./testing/story.ts";
import { verdictFile } from "./verdict-file.ts";

const roles = [{ name: "member", clients: 3, engine: "k6", provokes: [] }] as const;
const base = (k6Ms: number): Story =>
  new Story({ roles }).fitGenerator().measureEach("delivery", 0, 20_000, k6Ms, 100);
const probed = (k6Ms: number, probeMs: number, samples: number): Story => {
  const story = base(k6Ms);
  for (let atMs = 2_000; atMs < 20_000; atMs += 1_000) story.probe(atMs, probeMs, samples / 18);
  return story;
};
const judged = (story: Story) => judgeOne(check, story.record(), "baseline");

describe("D1: a latency beside k6's own", () => {
  test("both figures and their difference, over the same seconds", () => {
    const figures = probeFigures(probed(40, 30, 1_800).probe(0, 9_000, 50).record(), 2_000, 20_000);
    expect(figures).toMatchObject({ k6Samples: 1_800, probeSamples: 1_800 });
    expect(figures?.differenceMs).toBeCloseTo(10, 0);
    expect(tellProbe(figures as NonNullable<typeof figures>)).toMatch(
      /^k6 says p99 40(\.\d)? ms, the probe 30(\.\d)? ms \(1,800 samples\)$/,
    );
  });

  test("a second belongs to the stretch that begins with it, for the probe as for k6", () => {
    const record = base(40).probe(3_000, 30, 10).probe(4_000, 30, 20).record();
    expect(probeFigures(record, 3_000, 4_000)).toMatchObject({ k6Samples: 100, probeSamples: 10 });
    expect(probeFigures(record, 4_000, 5_000)).toMatchObject({ k6Samples: 100, probeSamples: 20 });
  });

  test("no probe, no figures; nothing of it in the verdict", () => {
    const record = base(40).record();
    expect(probeFigures(record, 2_000, 20_000)).toBeUndefined();
    const alone = new Story({ roles }).fitGenerator().probe(3_000, 30, 10).record();
    expect(probeFigures(alone, 2_000, 20_000), "nor where k6 saw nothing").toBeUndefined();
    expect(verdictFile(judge(record, [check]))).not.toContain("probe");
  });

  test("what k6 says is met is met: its figure is an upper bound", () => {
    expect(judged(probed(90, 95, 1_800))).toMatchObject({
      status: "met",
      samples: 1_800,
      note: expect.stringContaining("the probe 95"),
    });
  });

  test("one that did not listen on every instance may have missed the slow one: it acquits nobody", () => {
    const story = (isEverywhere: boolean) => {
      const told = base(180);
      for (let atMs = 2_000; atMs < 20_000; atMs += 1_000) told.probe(atMs, 60, 100, isEverywhere);
      return judged(told).status;
    };
    expect([story(true), story(false)]).toEqual(["met", "breached"]);
  });

  test("over the limit by no more than k6 may add, the probe decides", () => {
    expect(judged(probed(180, 60, 1_800))).toMatchObject({
      status: "met",
      measured: expect.closeTo(60, 0),
      note: expect.stringMatching(/k6 says p99 180.* ms, the probe 60/),
    });
    expect(judged(probed(200, 60, 1_800)), "twice the limit").toMatchObject({ status: "met" });
    expect(judged(base(180).probe(3_000, 60, 1_000)), "just enough samples").toMatchObject({ status: "met" });
  });

  test("over the limit by both, k6's stands: a second in which the generator stumbled may have slowed both", () => {
    expect(judged(probed(180, 120, 1_800))).toMatchObject({ status: "breached", measured: 180 });
    const stumbled = new Story({ roles }).fitGenerator();
    for (let atMs = 2_000; atMs < 20_000; atMs += 1_000) {
      const isLate = atMs === 4_000;
      stumbled.measure("delivery", atMs, isLate ? 180 : 20, 100).probe(atMs, isLate ? 120 : 20, 100);
    }
    stumbled.measure("lateness", 4_000, 90, 50);
    expect(judged(stumbled)).toMatchObject({
      status: "met",
      samples: 1_600,
      note: expect.stringMatching(/^2 of 18 seconds set aside, for 4 s: sends 90.* ms late at p99/),
    });
  });

  test("not by few samples, and not where k6's own delay cannot explain the breach", () => {
    expect(judged(probed(180, 60, 990)).status).toBe("breached");
    expect(judged(probed(220, 60, 1_800))).toMatchObject({
      status: "breached",
      note: expect.stringContaining("the probe 60"),
    });
  });

  test("not where the native engine measured as well, which needs no second witness", () => {
    const record = probed(180, 60, 1_800).record();
    const mixed = [...roles, { name: "other", clients: 1, engine: "native", provokes: [] }] as const;
    const plan = { ...record.plan, roles: mixed };
    expect(judgeOne(check, { ...record, plan }, "baseline").status).toBe("breached");
  });
});
