import { expect, test } from "vitest";
import type { Report } from "./report.ts";
import { Story } from "./testing/story.ts";
import { verdictFile } from "./verdict-file.ts";

const report: Report = {
  plan: new Story().record().plan,
  ended: { how: "completed" },
  phases: [
    { name: "baseline", kind: "baseline", fromMs: 2_000, toMs: 10_000, faults: [] },
    {
      name: "during kill server-2",
      kind: "fault",
      fromMs: 10_000,
      toMs: 12_000,
      faults: [0],
      void: "no effect",
    },
  ],
  judgements: [
    {
      check: "delivery-p99",
      phase: "baseline",
      limit: 100,
      unit: "ms",
      verdict: {
        status: "breached",
        measured: 1 / 3,
        samples: 1_200,
        why: "too slow",
        counterexamples: [{ fault: 0, text: "17#203 took 312 ms", message: "17#203", atMs: 9_000.12345 }],
      },
    },
    {
      check: "no-lost-message",
      phase: "baseline",
      limit: 0,
      unit: "messages",
      verdict: { status: "met", measured: 0, samples: 9, note: "2 pairs undecided" },
    },
    {
      check: "close-codes",
      phase: "during kill server-2",
      limit: 0,
      unit: "closes",
      verdict: { status: "unknown", why: "no effect", samples: 0 },
    },
  ],
  overall: "breached",
};

test("verdict.json, format 1", () => {
  expect(JSON.parse(verdictFile(report))).toEqual({
    format: 1,
    overall: "breached",
    ended: { how: "completed" },
    phases: [
      { name: "baseline", kind: "baseline", fromMs: 2_000, toMs: 10_000, faults: [] },
      {
        name: "during kill server-2",
        kind: "fault",
        fromMs: 10_000,
        toMs: 12_000,
        faults: [0],
        void: "no effect",
      },
    ],
    checks: [
      {
        name: "delivery-p99",
        phase: "baseline",
        status: "breached",
        measured: 0.333,
        limit: 100,
        unit: "ms",
        samples: 1_200,
        why: "too slow",
        counterexamples: [{ text: "17#203 took 312 ms", atMs: 9_000.123, message: "17#203", fault: 0 }],
      },
      {
        name: "no-lost-message",
        phase: "baseline",
        status: "met",
        measured: 0,
        limit: 0,
        unit: "messages",
        samples: 9,
        note: "2 pairs undecided",
      },
      {
        name: "close-codes",
        phase: "during kill server-2",
        status: "unknown",
        measured: null,
        limit: 0,
        unit: "closes",
        samples: 0,
        why: "no effect",
      },
    ],
  });
});

test("the bytes do not depend on the order of an example's keys, and end in a newline", () => {
  const text = verdictFile(report);
  expect(text.endsWith("}\n")).toBe(true);
  expect(text.indexOf('"text": "17#203')).toBeLessThan(text.indexOf('"fault": 0'));
  expect(verdictFile(structuredClone(report))).toBe(text);
});
