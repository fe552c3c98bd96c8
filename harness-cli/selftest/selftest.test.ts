import { describe, expect, test } from "vitest";
import deliveryP99 from "../../reports/checks/delivery-p99.ts";
import generatorValid from "../../reports/checks/generator-valid.ts";
import { judge } from "../../reports/judge.ts";
import { Story } from "../../reports/testing/story.ts";
import { verdictFile } from "../../reports/verdict-file.ts";
import { judgeOverload, judgeWithin } from "./generator.ts";
import { exitOfParts, type Part } from "./part.ts";
import { judgeStall } from "./stall.ts";

const checks = [generatorValid, deliveryP99];

function result(story: Story) {
  const record = story.checks(...checks.map(({ name, limits }) => ({ name, limits }))).record();
  const report = judge(record, checks);
  return { record, report, verdict: verdictFile(report), dir: "", run: "one" };
}

/** One send in each half second, so much later than intended. */
function sends(story: Story, lateMs: number): Story {
  for (let slot = 0; slot < 40; slot++) {
    story.send(0, slot, "room-0", 250 + slot * 500, null, 0, lateMs);
  }
  return story;
}

describe("stall: 2 s of 18, so the p99 is at least 1,820 ms", () => {
  const seen = { frozenMs: 2_000, naive: { p99Ms: 12, maxMs: 1_990, samples: 300 } };
  const delivered = (slowMs: number) => {
    const story = new Story().fitGenerator().measureEach("delivery", 0, 20_000, 5, 90);
    return story.measure("delivery", 7_000, slowMs, 90).measure("delivery", 8_000, slowMs, 90);
  };

  test("a p99 that contains it is the truth, with the naive one beside it", () => {
    expect(judgeStall(result(delivered(1_900)), seen)).toMatchObject({
      told: "truth",
      figures: { p99Ms: expect.closeTo(1_900, -1), naiveP99Ms: 12 },
      found: expect.stringContaining("a closed loop, timed from its actual sends, says 12 ms (300 samples)"),
    });
  });

  test("one that does not is a lie", () => {
    expect(judgeStall(result(delivered(1_000)), seen).told).toBe("lie");
  });

  test("a generator that did not keep up, a run that was cut short, or nothing delivered: unknown", () => {
    const late = delivered(1_000).measureEach("lateness", 0, 20_000, 900, 50);
    expect(judgeStall(result(late), seen).told).toBe("unknown");
    expect(
      judgeStall(result(delivered(1_900).ended({ how: "interrupted", by: "SIGINT" }, 9_000)), seen).told,
    ).toBe("unknown");
    expect(judgeStall(result(new Story().fitGenerator()), seen).told).toBe("unknown");
    expect(judgeStall(result(delivered(1_900)), undefined).told).toBe("unknown");
  });
});

describe("generator: what the check says against each send's own two times", () => {
  const able = () => new Story().fitGenerator();
  const unable = () => able().measureEach("lateness", 2_000, 20_000, 400, 500);

  test("overloaded and called invalid is the truth; called fit is a lie", () => {
    expect(judgeOverload(result(sends(unable(), 400)))).toMatchObject({
      told: "truth",
      found: expect.stringMatching(/^invalid: it did not keep up in 18 of 18 seconds.*sends 40\d.* ms late/),
    });
    expect(judgeOverload(result(sends(able(), 400))).told).toBe("lie");
  });

  test("invalid for another reason is a lie; a machine that cannot be overloaded is unknown", () => {
    expect(judgeOverload(result(sends(able().error(5_000, "x is not a function"), 400))).told).toBe("lie");
    expect(judgeOverload(result(sends(able(), 0))).told).toBe("unknown");
  });

  test("within its limits and called valid is the truth, unless the sends were late", () => {
    expect(judgeWithin(result(sends(able(), 2)))).toMatchObject({ told: "truth" });
    expect(judgeWithin(result(sends(able(), 400))).told).toBe("lie");
  });

  test("called invalid is a lie on a quiet machine only; else the machine may be why", () => {
    const invalid = () => sends(unable().machine(3_000), 2);
    expect(judgeWithin(result(invalid())).told).toBe("lie");
    expect(judgeWithin(result(invalid().machine(5_000, { stolen: 0.4 }))).told).toBe("unknown");
    expect(judgeWithin(result(invalid().machine(5_000, { cpu: 1 }))).told).toBe("unknown");
    expect(judgeWithin(result(sends(unable().machine(3_000), 400))).told).toBe("unknown");
  });
});

test("exit: a lie beats not knowing, and nothing at all proves nothing", () => {
  const parts = (...told: Part["told"][]) =>
    told.map((each) => ({ name: "", told: each, done: "", found: "", figures: {}, run: "" }));
  expect(exitOfParts(parts("truth", "truth"))).toBe(0);
  expect(exitOfParts(parts("truth", "unknown"))).toBe(3);
  expect(exitOfParts(parts("unknown", "lie"))).toBe(1);
  expect(exitOfParts([])).toBe(3);
});
