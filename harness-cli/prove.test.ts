import { describe, expect, test } from "vitest";
import type { Report } from "../reports/report.ts";
import type { Verdict } from "../reports/verdict.ts";
import { loadCatalog } from "./catalog.ts";
import { prove, type RunOne } from "./prove.ts";

const { defects } = await loadCatalog();
const all = [...defects.values()];

/** A runner that judges by a script: what each run of a defect (or of a healthy system) comes out as. */
function scripted(
  outcome: (defect: string | undefined, nth: number) => Record<string, Verdict["status"]>,
): RunOne {
  const runs = new Map<string | undefined, number>();
  return async (request) => {
    const [defect] = request.defects;
    const nth = runs.get(defect) ?? 0;
    runs.set(defect, nth + 1);
    const statuses = Object.entries(outcome(defect, nth));
    const judgements = statuses.map(([check, status]) => ({
      check,
      phase: "baseline",
      limit: 0,
      unit: "messages",
      verdict: { status, measured: 1, samples: 1, why: `says ${status}`, counterexamples: [] } as Verdict,
    }));
    const overall = statuses.some(([, status]) => status === "breached")
      ? "breached"
      : statuses.some(([, status]) => status === "unknown")
        ? "unknown"
        : "met";
    return {
      report: { judgements, overall, ended: { how: "completed" } } as unknown as Report,
      run: "r",
    } as Awaited<ReturnType<RunOne>>;
  };
}

const options = { seed: 1, healthyRuns: 4, cwd: "." };
const namedBy = (defect: string | undefined) =>
  all.find(({ name }) => name === defect)?.caughtBy.check ?? "none";

describe("the matrix", () => {
  test("counts a defect as caught only by the check that it names", async () => {
    const right = await prove(
      all,
      options,
      scripted((defect) => (defect ? { [namedBy(defect)]: "breached" } : { a: "met" })),
    );
    expect(right.totals).toEqual({
      defects: all.length,
      caught: all.length,
      healthyRuns: 4,
      alarms: 0,
      unknown: 0,
    });
    const wrong = await prove(
      all,
      options,
      scripted((defect) => (defect ? { other: "breached" } : { a: "met" })),
    );
    expect(wrong.totals.caught).toBe(0);
    expect(wrong.rows.map((row) => row.otherBreached)).toEqual(all.map(() => ["other"]));
  });

  test("calls every red check of a healthy system an alarm, and names it", async () => {
    const alarmed = await prove(
      all.slice(0, 1),
      options,
      scripted(() => ({ a: "breached", b: "met" })),
    );
    expect(alarmed.totals.alarms).toBe(4);
    expect(alarmed.healthy[0]?.breached).toEqual(["a"]);
  });

  test("throws a run away by which nothing can be judged, counts it, and gives up after the third", async () => {
    const once = await prove(
      all.slice(0, 1),
      { ...options, healthyRuns: 1 },
      scripted((defect, nth) =>
        nth === 0 ? { a: "unknown" } : defect ? { [namedBy(defect)]: "breached" } : { a: "met" },
      ),
    );
    expect(once.totals).toMatchObject({ caught: 1, alarms: 0, unknown: 0 });
    expect([once.rows[0]?.invalidRuns, once.healthy[0]?.invalidRuns]).toEqual([1, 1]);
    const alarmed = await prove(
      all.slice(0, 1),
      { ...options, healthyRuns: 0 },
      scripted((defect, nth) => ({
        [namedBy(defect)]: nth === 0 ? "unknown" : "breached",
        other: "breached",
      })),
    );
    expect(alarmed.rows[0]).toMatchObject({ caught: true, invalidRuns: 1 });
    const never = await prove(
      all.slice(0, 1),
      { ...options, healthyRuns: 1 },
      scripted(() => ({ a: "unknown" })),
    );
    expect(never.totals).toMatchObject({ caught: 0, unknown: 1 });
    expect([never.rows[0]?.invalidRuns, never.healthy[0]?.unknown]).toEqual([
      2,
      ["a in baseline: says unknown"],
    ]);
  });

  test("gives every run a seed of its own, the same ones again for the same first seed", async () => {
    const seeds = async (seed: number) => {
      const matrix = await prove(
        all,
        { ...options, seed },
        scripted(() => ({ a: "met" })),
      );
      return [...matrix.rows, ...matrix.healthy].map((run) => run.seed);
    };
    expect(await seeds(1)).toEqual(Array.from({ length: all.length + 4 }, (_, i) => i + 1));
    expect(await seeds(1)).toEqual(await seeds(1));
  });
});
