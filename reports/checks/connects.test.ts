import { expect, test } from "vitest";
import { judge } from "../judge.ts";
import { judgeOne } from "../testing/judge-one.ts";
import { Story } from "../testing/story.ts";
import check from "./connects.ts";

const long = { timing: { warmUpMs: 2_000, publishUntilMs: 40_000, endMs: 42_000 } };
const REFUSED = "status 503: too-many-connections";

/** `count` attempts, the first `failing` of them refused, all at this time. */
function attempts(count: number, failing: number, atMs: number, story = new Story(long)): Story {
  for (let client = 0; client < count; client++) {
    story.due(client, atMs - 5, 0);
    if (client < failing) story.fail(client, atMs, REFUSED);
    else story.connect(client, atMs, 0);
  }
  return story;
}

const judged = (story: Story, phase = "baseline") => judgeOne(check, story.record(), phase);

test("D13: one in a hundred may fail, two may not", () => {
  expect(judged(attempts(100, 0, 5_000))).toMatchObject({ status: "met", measured: 0, samples: 100 });
  expect(judged(attempts(100, 1, 5_000))).toMatchObject({ status: "met", measured: 1 });
  expect(judged(attempts(100, 2, 5_000))).toMatchObject({
    status: "breached",
    measured: 2,
    why: `2 of 100 attempts to connect failed: 2 x ${REFUSED}`,
    counterexamples: [{ client: 0, server: "server-1", atMs: 5_000 }, { client: 1 }],
  });
});

test("the ramp belongs to the first phase, though it is the warm-up", () => {
  expect(judged(attempts(10, 5, 100))).toMatchObject({ status: "breached", measured: 50, samples: 10 });
});

test("what the end of the run cut short is nobody's fault", () => {
  const story = attempts(10, 0, 5_000);
  attempts(10, 10, 40_000, story);
  expect(judged(story)).toMatchObject({ status: "met", samples: 10 });
});

test("an attempt belongs to the phase in which it ended, that phase's first moment in", () => {
  const story = attempts(10, 0, 5_000).fault("kill", "server-1", 10_000, 12_000);
  attempts(4, 0, 24_000, story);
  expect(judged(story, "final")).toMatchObject({ status: "met", samples: 4 });
});

test("where nobody tried in a phase, nothing is said of it", () => {
  const story = attempts(10, 0, 5_000).fault("kill", "server-1", 10_000, 12_000);
  const planned = story.checks({ name: check.name, limits: check.limits });
  const { judgements } = judge(planned.record(), [check]);
  expect(judgements.map(({ phase, verdict }) => [phase, verdict.status])).toEqual([["baseline", "met"]]);
});

test("an outage is not judged, and where nobody tried nothing is said", () => {
  const story = attempts(10, 0, 5_000).fault("kill", "server-1", 10_000, 12_000);
  attempts(10, 10, 11_000, story);
  expect(judged(story)).toMatchObject({ status: "met", samples: 10 });
  expect(check.limits).not.toHaveProperty("fault");
  expect(check.limits).not.toHaveProperty("recovery");
  expect(judged(new Story(long))).toMatchObject({ status: "unknown", samples: 0 });
});

test("what Ctrl-C cut short was not refused", () => {
  const stopped = attempts(10, 0, 5_000);
  for (let client = 10; client < 18; client++)
    stopped.due(client, 8_900, 0).fail(client, 9_001, "the run ended");
  expect(judged(stopped.interrupted(9_000))).toMatchObject({ status: "met", samples: 10 });
});
