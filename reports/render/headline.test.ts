import { describe, expect, test } from "vitest";
import { calm, storm, torn } from "../fixtures/made-up-runs.ts";
import type { Judgement, Report } from "../report.ts";
import type { Verdict } from "../verdict.ts";
import { overall } from "../verdict.ts";
import { headlineOf } from "./headline.ts";
import { checksWorstFirst, worstFirst } from "./order.ts";
import { type NotMet, namesOf, notMet, reasonOf, sharedReasons } from "./reasons.ts";

const judged = (check: string, limit: number, verdict: Verdict, phase = "baseline"): Judgement => ({
  check,
  phase,
  limit,
  unit: "ms",
  verdict,
});
const breached = (measured: number): Verdict => ({
  status: "breached",
  measured,
  samples: 10,
  why: `it is ${measured}`,
  counterexamples: [],
});
const unknown = (why: string): Verdict => ({ status: "unknown", why, samples: 0 });
const met: Verdict = { status: "met", measured: 1, samples: 10 };

function reportOf(judgements: readonly Judgement[]): Report {
  const { report } = calm();
  return { ...report, judgements, overall: overall(judgements.map(({ verdict }) => verdict)) };
}

describe("G16: the worst comes first", () => {
  test("breached before unknown before met, a lost message before any number of milliseconds", () => {
    const report = reportOf([
      judged("a", 10, met),
      judged("b", 10, unknown("?")),
      judged("delivery-p99", 10, breached(1_000)),
      judged("close-codes", 0, breached(3)),
      judged("no-lost-message", 0, breached(1)),
      judged("c", 10, breached(11)),
    ]);
    expect(checksWorstFirst(report)).toEqual([
      "no-lost-message",
      "close-codes",
      "delivery-p99",
      "c",
      "b",
      "a",
    ]);
  });

  test("an unfit generator is the first of the unknown", () => {
    const report = reportOf([
      judged("delivery-p99", 10, unknown("saturated")),
      judged("generator-valid", 10, unknown("lag")),
    ]);
    expect(worstFirst(report)[0]?.check).toBe("generator-valid");
    expect(headlineOf(report, calm().record).because).toBe("generator-valid, baseline: lag");
  });

  test("two checks that are infinitely over their limit keep the plan's order", () => {
    const report = reportOf([judged("z", 0, breached(1)), judged("y", 0, breached(9))]);
    expect(worstFirst(report).map(({ check }) => check)).toEqual(["z", "y"]);
  });
});

describe("G16: the verdict in words", () => {
  test("met says what came nearest to its limit", () => {
    const { report, record } = calm();
    expect(headlineOf(report, record)).toEqual({
      word: "Met",
      summary: "3 checks held in 1 phase",
      because: "Nearest to its limit: delivery-p99, baseline, 23.7 ms of 100 ms.",
    });
  });

  test("breached names the gravest breach and one case of it", () => {
    const { report, record } = storm();
    const headline = headlineOf(report, record);
    expect(headline.word).toBe("Breached");
    expect(headline.summary).toBe("3 of 59 checks over their limit, 9 could not be judged");
    expect(headline.because).toMatch(/^no-lost-message, during kill server-2: 12 of 1,846/);
    expect(headline.example).toMatch(/^17#6/);
  });

  test("a torn, interrupted or failed run says so first; no judgement at all is unknown", () => {
    const { report, record } = torn();
    expect(headlineOf(report, record).cut).toMatch(/^The harness itself died.*samples.jsonl is missing/);
    const interrupted: Report = { ...report, ended: { how: "interrupted", by: "SIGINT" } };
    expect(headlineOf(interrupted, record).cut).toMatch(/^Interrupted by SIGINT at 0.00 s/);
    const aborted: Report = {
      ...report,
      ended: { how: "aborted", check: "close-codes", phase: "baseline", why: "1 close" },
    };
    expect(headlineOf(aborted, record).cut).toMatch(
      /^Ended early at 0.00 s: close-codes \(baseline\) was breached beyond doubt\./,
    );
    const failed: Report = {
      ...report,
      ended: { how: "failed", code: "SW_LOAD_FAILED", message: "k6 died\u001b", hint: "see its log" },
    };
    expect(headlineOf(failed, record).cut).toMatch(/SW_LOAD_FAILED: k6 died\uFFFD\. Hint: see its log/);
    expect(headlineOf(reportOf([]), record)).toMatchObject({
      word: "Unknown",
      summary: "nothing was judged",
    });
  });
});

describe("G31: reasons are said once", () => {
  test("a void phase", () => {
    expect([...sharedReasons(storm().report)]).toEqual([
      [
        "during cut server-3/postgres",
        "cut on server-3/postgres had no effect: the link still answered in 0.9 ms",
      ],
    ]);
  });

  test("an unfit generator: its proof stands at its own check, the others point there", () => {
    const own = judged("generator-valid", 10, unknown("loop lag 90 ms of 50 ms"));
    const other = judged(
      "delivery-p99",
      10,
      unknown("not fit (loop lag 90 ms of 50 ms); it would have been met"),
    );
    const report = reportOf([own, other]);
    expect(reasonOf(report, own)).toBe("loop lag 90 ms of 50 ms");
    expect(reasonOf(report, other)).toBe("not fit (see generator-valid); it would have been met");
  });

  test("unknowns for one reason go together, over checks or over phases; breaches stand alone", () => {
    const why = "no two deliveries could be compared";
    const grouped = notMet(
      reportOf([
        judged("room-order", 0, unknown(why), "a"),
        judged("room-order", 0, unknown(why), "b"),
        judged("x", 0, unknown("void"), "c"),
        judged("y", 0, unknown("void"), "c"),
        judged("z", 0, breached(1), "a"),
        judged("z", 0, breached(1), "b"),
      ]),
    );
    expect(
      grouped.map(({ status, checks, phases }) => [status, namesOf({ checks } as NotMet), phases]),
    ).toEqual([
      ["breached", "z", ["a"]],
      ["breached", "z", ["b"]],
      ["unknown", "room-order", ["a", "b"]],
      ["unknown", "2 checks (x, y)", ["c"]],
    ]);
  });
});
