import { expect, test } from "vitest";
import refusals from "./checks/refusals.ts";
import { judge } from "./judge.ts";
import { Story } from "./testing/story.ts";

const asks = [
  { about: "foreign-origin-refused", invariant: "INV-REJECT", expected: "403" },
  { about: "oversize-closed-1009", invariant: "INV-REJECT", expected: "close 1009" },
] as const;
const roles = [
  { name: "chatter", clients: 3, engine: "k6", provokes: [] },
  { name: "examiner", clients: 2, engine: "native", provokes: [], asks },
] as const;

/** Two examiners, a fault from 10 to 12 s. */
function story(): Story {
  return new Story({ roles, clients: 5, timing: { warmUpMs: 2_000, publishUntilMs: 20_000, endMs: 22_000 } })
    .checks({ name: "refusals", limits: refusals.limits })
    .fault("kill", "server-2", 10_000, 12_000);
}

function answer(
  story: Story,
  about: (typeof asks)[number]["about"],
  client: number,
  seen: string,
  atMs = 5_000,
) {
  const question = asks.find((one) => one.about === about)!;
  return story.observe({ ...question, client, atMs, seen, holds: seen === question.expected });
}

function verdicts(of: Story) {
  const { judgements } = judge(of.record(), [refusals]);
  return judgements.map(({ phase, verdict }) => `${phase}: ${verdict.status}`);
}

/** Every question answered as expected, by both. */
function sound(): Story {
  let told = story();
  for (const client of [3, 4]) {
    told = answer(told, "foreign-origin-refused", client, "403");
    told = answer(told, "oversize-closed-1009", client, "close 1009");
  }
  return told;
}

test("INV-REJECT: all answers as expected are met, in the phase in which they came and nowhere else", () => {
  expect(verdicts(sound())).toEqual(["baseline: met"]);
});

test("INV-REJECT: one answer that is not as expected is a breach, with what was seen and by whom", () => {
  const { judgements } = judge(answer(sound(), "foreign-origin-refused", 4, "101", 6_000).record(), [
    refusals,
  ]);
  expect(judgements).toHaveLength(1);
  expect(judgements[0]!.verdict).toMatchObject({
    status: "breached",
    measured: 1,
    samples: 5,
    why: "1 of 5 answers not as expected: foreign-origin-refused",
    counterexamples: [{ text: "foreign-origin-refused: expected 403; seen: 101", client: 4, atMs: 6_000 }],
  });
});

test("INV-REJECT: a question that one of two examiners never answered makes the last phase unknown, never met", () => {
  let told = answer(story(), "foreign-origin-refused", 3, "403");
  told = answer(told, "foreign-origin-refused", 4, "403");
  told = answer(told, "oversize-closed-1009", 3, "close 1009");
  const { judgements } = judge(told.record(), [refusals]);
  expect(judgements.map(({ phase, verdict }) => [phase, verdict.status])).toEqual([
    ["baseline", "met"],
    ["recovery after kill server-2", "unknown"],
  ]);
  expect(judgements[1]!.verdict).toMatchObject({
    why: "1 examiner (examiner) never said: oversize-closed-1009",
  });
});

test("INV-REJECT: answers are judged in the phase in which they were given", () => {
  expect(verdicts(answer(sound(), "foreign-origin-refused", 3, "101", 11_000))).toEqual([
    "baseline: met",
    expect.stringMatching(/kill.*: breached/),
  ]);
});

test("INV-REJECT: an answer at the very edge belongs to the phase that begins there", () => {
  expect(verdicts(answer(sound(), "foreign-origin-refused", 3, "101", 10_000))).toEqual([
    "baseline: met",
    expect.stringMatching(/during kill.*: breached/),
  ]);
});

test("INV-REJECT: a wrong answer in the warm-up, or after the last message, is wrong all the same", () => {
  for (const [atMs, phase] of [
    [1_000, /^baseline: breached$/],
    [21_000, /^recovery.*: breached$/],
  ] as const) {
    expect(verdicts(answer(sound(), "foreign-origin-refused", 3, "101", atMs)).join("\n")).toMatch(
      new RegExp(phase, "m"),
    );
  }
});

test("INV-REJECT: an answer about one instance names it", () => {
  const [question] = asks;
  const of = (more: object) =>
    judge(
      story()
        .observe({ ...question, client: 3, atMs: 5_000, seen: "101", holds: false, ...more })
        .record(),
      [refusals],
    ).judgements[0]?.verdict;
  expect(of({ server: "server-2" })).toMatchObject({ counterexamples: [{ server: "server-2" }] });
  expect(of({})).toMatchObject({
    counterexamples: [expect.not.objectContaining({ server: expect.anything() })],
  });
});

test("INV-REJECT: a plan that asks nothing about it cannot say", () => {
  const nobody = new Story().checks({ name: "refusals", limits: refusals.limits });
  expect(judge(nobody.record(), [refusals]).overall).toBe("unknown");
});

test("INV-REJECT: what was asked about another invariant is another check's", () => {
  const other = {
    about: "tenant-reads-foreign-room",
    invariant: "INV-ISOLATE",
    expected: "nothing",
  } as const;
  const told = sound().observe({ ...other, client: 3, atMs: 5_500, seen: "a message", holds: false });
  const { judgements } = judge(told.record(), [refusals]);
  expect(judgements.map(({ verdict }) => verdict)).toMatchObject([{ status: "met", samples: 4 }]);
});
