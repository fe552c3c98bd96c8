import { describe, expect, test } from "vitest";
import { excuse, TIMED } from "./starvation.ts";

const STARVED = 0.25;
const FED = 0.24;
const wrong = "expected 'breached' to be 'met'";
const late = "Test timed out in 240000ms.\nIf this is a long-running test, pass a timeout value";
const lateHook = "Hook timed out in 240000ms.\nIf this is a long-running hook, pass a timeout value";

describe("rule 6: a failure says nothing", () => {
  test.each([
    ["of a test that works with time", [TIMED], [wrong]],
    ["of one that did not end", [], [late]],
    ["of one whose hook did not end, either", [], [late, lateHook]],
    ["of one that works with time and has another tag too", ["slow", TIMED], [late, wrong]],
  ])("%s, in a second in which the CPU was not ours", (_what, tags, messages) => {
    expect(excuse({ tags, messages, stolenShare: STARVED })).toBe(
      "the hypervisor took 25 % of the CPU in a second of it",
    );
    expect(excuse({ tags, messages, stolenShare: FED })).toBeUndefined();
  });
});

test("rule 6: no failure says anything while the machine all but stands still", () => {
  expect(excuse({ tags: [], messages: [wrong], stolenShare: 0.6 })).toMatch("60 %");
});

describe("rule 6: a failure counts in a second that was bad for tests of time", () => {
  test.each([
    ["of a test that does not work with time", [], [wrong]],
    ["of one that did not end, after it was wrong", [], [wrong, lateHook]],
    ["of one with other tags", ["slow"], [wrong]],
    ["that only mentions such a time-out", [], [`not what was expected: ${late}`]],
  ])("%s", (_what, tags, messages) => {
    expect(excuse({ tags, messages, stolenShare: 0.59 })).toBeUndefined();
  });
});
