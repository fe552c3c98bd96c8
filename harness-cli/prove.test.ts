import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Report } from "../reports/report.ts";
import type { Verdict } from "../reports/verdict.ts";
import { loadCatalog } from "./catalog.ts";
import type { RunOne } from "./prove/attempt.ts";
import { exitOf, tableOf } from "./prove/matrix.ts";
import { matrixPage } from "./prove/page.ts";
import { openResults } from "./prove/results.ts";
import { type ProveOptions, prove, requestsOf } from "./prove.ts";

const { defects } = await loadCatalog();
/** Four that were there first: three in one scenario, each with faults of its own, and one in another. */
const FIRST: readonly string[] = ["B16", "B22", "B38", "B42"];
const all = [...defects.values()].filter(({ requirement }) => requirement.some((id) => FIRST.includes(id)));
const dir = mkdtempSync(path.join(tmpdir(), "seaworthy-prove-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Scripted {
  readonly [check: string]: Verdict["status"];
}

/** A runner that judges by a script: what each run of a defect (or of a healthy system) comes out as. */
function scripted(
  outcome: (defect: string | undefined, nth: number) => Scripted,
  more: { readonly diagnosed?: readonly string[]; readonly ended?: Report["ended"] } = {},
): RunOne & { readonly ran: string[] } {
  const runs = new Map<string | undefined, number>();
  const ran: string[] = [];
  const runOne = async (...[request]: Parameters<RunOne>) => {
    const [defect] = request.defects;
    ran.push(defect ?? "healthy");
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
    const is = (status: string) => statuses.some(([, one]) => one === status);
    const overall = is("breached") ? "breached" : is("unknown") ? "unknown" : "met";
    const diagnoses = (more.diagnosed ?? []).map((mistake, at) => ({ mistake, rank: at + 1 }));
    const ended = more.ended ?? { how: "completed" };
    return {
      report: { judgements, overall, ended, diagnoses } as unknown as Report,
      run: `run-of-${defect ?? "nothing"}`,
    } as Awaited<ReturnType<RunOne>>;
  };
  return Object.assign(runOne, { ran });
}

let files = 0;
async function options(more: Partial<ProveOptions> = {}): Promise<ProveOptions> {
  const results = await openResults(path.join(dir, `${files++}`), "v1", false);
  return { seed: 1, healthyRuns: 4, cwd: ".", jobs: 1, results, ...more };
}
const namedBy = (defect: string | undefined) =>
  all.find(({ name }) => name === defect)?.caughtBy.check ?? "none";
const asNamed = (defect: string | undefined): Scripted =>
  defect ? { [namedBy(defect)]: "breached" } : { a: "met" };

describe("the matrix", () => {
  test("counts a defect as caught only by the check that it names", async () => {
    const right = await prove(all, await options(), scripted(asNamed));
    expect(right.totals).toEqual({
      defects: 4,
      caught: 4,
      namedFirst: 0,
      namedAmongThree: 0,
      missed: 0,
      unknown: 0,
      failed: 0,
      healthyRuns: 4,
      alarms: 0,
      healthyUnknown: 0,
      healthyNotRun: 0,
    });
    expect(exitOf(right)).toBe(0);
    const wrong = await prove(
      all,
      await options(),
      scripted((defect) => (defect ? { [namedBy(defect)]: "met", other: "breached" } : { a: "met" })),
    );
    expect(wrong.totals).toMatchObject({ caught: 0, missed: 4, unknown: 0 });
    expect(wrong.rows.map((row) => row.otherBreached)).toEqual(all.map(() => ["other"]));
    expect(wrong.rows[0]?.why).toBe(`${namedBy(all[0]?.name)} held in all phases`);
    expect(exitOf(wrong)).toBe(1);
  });

  test("where the named check was unknown in every attempt, nobody can say, whatever else turned red", async () => {
    const runner = scripted((defect) =>
      defect ? { [namedBy(defect)]: "unknown", other: "breached" } : { a: "met" },
    );
    const matrix = await prove(all.slice(0, 1), await options(), runner);
    expect(runner.ran.filter((name) => name !== "healthy")).toHaveLength(3);
    expect(matrix.rows[0]).toMatchObject({
      outcome: "unknown",
      caught: false,
      invalidRuns: 2,
      overall: "breached",
    });
    expect(matrix.rows[0]?.why).toBe(`${namedBy(all[0]?.name)}, baseline: says unknown`);
    expect(exitOf(matrix)).toBe(3);
    const never = await prove(
      all.slice(0, 1),
      await options(),
      scripted(() => ({ other: "met" })),
    );
    expect(never.rows[0]).toMatchObject({
      outcome: "unknown",
      why: `${namedBy(all[0]?.name)} was never judged`,
    });
  });

  test("calls every red check of a healthy system an alarm, and names it", async () => {
    const alarmed = await prove(
      all.slice(0, 1),
      await options(),
      scripted((defect) => (defect ? asNamed(defect) : { a: "breached", b: "met" })),
    );
    expect(alarmed.totals).toMatchObject({ alarms: 4, caught: 1 });
    expect(alarmed.healthy[0]?.breached).toEqual(["a"]);
    expect(alarmed.rows[0]?.healthy).toBe("breached");
    expect(exitOf(alarmed)).toBe(1);
  });

  test("throws a run away by which nothing can be judged, counts it, and gives up after the third", async () => {
    const once = await prove(
      all.slice(0, 1),
      await options({ healthyRuns: 1 }),
      scripted((defect, nth) => (nth === 0 ? { [namedBy(defect)]: "unknown" } : asNamed(defect))),
    );
    expect(once.totals).toMatchObject({ caught: 1, alarms: 0, unknown: 0, healthyUnknown: 0 });
    expect([once.rows[0]?.invalidRuns, once.healthy[0]?.invalidRuns]).toEqual([1, 1]);
    const never = await prove(
      all.slice(0, 1),
      await options({ healthyRuns: 1 }),
      scripted(() => ({ a: "unknown" })),
    );
    expect(never.totals).toMatchObject({ caught: 0, unknown: 1, healthyUnknown: 1 });
    expect([never.rows[0]?.invalidRuns, never.healthy[0]?.unknown]).toEqual([
      2,
      ["a in baseline: says unknown"],
    ]);
  });

  test("a run that failed is neither a catch nor a miss, and is not made again", async () => {
    const ended = { how: "failed", code: "SW_TARGET_FAILED", message: "server-1 left" } as const;
    const runner = scripted((defect) => (defect ? { [namedBy(defect)]: "met" } : { a: "met" }), { ended });
    const matrix = await prove(all.slice(0, 1), await options({ healthyRuns: 0 }), runner);
    expect(runner.ran).toHaveLength(1);
    expect(matrix.rows[0]).toMatchObject({ outcome: "failed", why: "SW_TARGET_FAILED: server-1 left" });
    expect(exitOf(matrix)).toBe(4);
  });

  test("says at which place the diagnosis named the right mistake, or which one it named instead", async () => {
    const [first, second] = all;
    if (!first || !second) throw new Error("needs two defects");
    const diagnosed = ["something-else", first.name];
    const matrix = await prove([first, second], await options(), scripted(asNamed, { diagnosed }));
    expect(matrix.rows.map(({ rank }) => rank)).toEqual([2, null]);
    expect(matrix.totals).toMatchObject({ namedFirst: 0, namedAmongThree: 1 });
    expect(tableOf(matrix)).toContain("named #2");
    expect(tableOf(matrix)).toContain("not named; rather something-else");
  });
});

describe("healthy counterparts", () => {
  test("one of each scenario and faults, shared by the rows that have the same", async () => {
    const runner = scripted(asNamed);
    const matrix = await prove(all, await options({ healthyRuns: undefined }), runner);
    expect(new Set(matrix.healthy.map(({ key }) => key)).size).toBe(matrix.healthy.length);
    const different = new Set(all.map(({ caughtBy }) => `${caughtBy.scenario} ${caughtBy.faults ?? ""}`));
    expect(matrix.healthy).toHaveLength(different.size);
    expect(matrix.rows.map(({ healthy }) => healthy)).toEqual(all.map(() => "met"));
    const none = await prove(all, await options({ healthyRuns: 0 }), scripted(asNamed));
    expect(none.rows.map(({ healthy }) => healthy)).toEqual(all.map(() => null));
  });

  test("scenarios that no defect is proved by are run too where that is asked for, in their turn", async () => {
    const [one] = all;
    const scenarios = [one?.caughtBy.scenario ?? "", "lonely"];
    const matrix = await prove([one!], await options({ healthyRuns: 3, scenarios }), scripted(asNamed));
    const [own] = matrix.healthy;
    expect(matrix.healthy.map(({ key }) => key)).toEqual([own?.key, "lonely", own?.key]);
    expect(matrix.healthy[1]).toMatchObject({ scenario: "lonely", faults: [] });
    expect(new Set(matrix.healthy.map(({ seed }) => seed)).size).toBe(3);
  });

  test("every run has a seed of its own, the same one whatever else is proved and in which order", async () => {
    const more = { seed: 7, cwd: ".", healthyRuns: 9 };
    const seedOf = (requests: ReturnType<typeof requestsOf>, defect: string) =>
      requests.find((one) => one.defects[0] === defect)?.seed;
    const requests = requestsOf(all, more);
    expect(new Set(requests.map(({ seed }) => seed)).size).toBe(requests.length);
    const other = requestsOf([...all].reverse().slice(0, 2), more);
    for (const defect of all.slice(-2))
      expect(seedOf(other, defect.name)).toBe(seedOf(requests, defect.name));
    expect(requestsOf(all, { ...more, seed: 8 })[0]?.seed).not.toBe(requests[0]?.seed);
  });
});

describe("going on where it stopped", () => {
  const place = () => path.join(dir, `resumed-${files++}`);

  test("what was decided is not run again; what failed or could not be judged is", async () => {
    const folder = place();
    const [sure, unsure] = all;
    if (!sure || !unsure) throw new Error("needs two defects");
    const run = async (runner: RunOne, version = "v1", fresh = false) =>
      prove(
        [sure, unsure],
        { ...(await options({ healthyRuns: 1 })), results: await openResults(folder, version, fresh) },
        runner,
      );
    await run(
      scripted((defect) => (defect === unsure.name ? { [namedBy(defect)]: "unknown" } : asNamed(defect))),
    );
    const second = scripted(asNamed);
    const matrix = await run(second);
    expect(second.ran).toEqual([unsure.name]);
    expect(matrix.totals).toMatchObject({ caught: 2, healthyRuns: 1 });
    expect(matrix.rows[0]?.healthy).toBe("met");
    const third = scripted(asNamed);
    await run(third);
    expect(third.ran).toEqual([]);
    const other = scripted(asNamed);
    await run(other, "v2");
    expect(other.ran, "another version proves anew").toHaveLength(3);
    const fresh = scripted(asNamed);
    await run(fresh, "v2", true);
    expect(fresh.ran).toHaveLength(3);
  });

  test("a torn last line costs that line only", async () => {
    const folder = place();
    const [one, two] = all;
    if (!one || !two) throw new Error("needs two defects");
    const again = async (runner: RunOne) =>
      prove(
        [one, two],
        { ...(await options({ healthyRuns: 0 })), results: await openResults(folder, "v1", false) },
        runner,
      );
    await again(scripted(asNamed));
    const file = path.join(folder, "results.jsonl");
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    rmSync(file);
    appendFileSync(file, `${lines[0]}\n${lines[1]?.slice(0, 40)}`);
    const second = scripted(asNamed);
    expect((await again(second)).totals.caught).toBe(2);
    expect(second.ran).toEqual([two.name]);
    const third = scripted(asNamed);
    await again(third);
    expect(third.ran, "and does not swallow the next one").toEqual([]);
  });

  test("what was proved before a run came to grief is kept", async () => {
    const folder = place();
    const good = scripted(asNamed);
    const breaks: RunOne = (request, label) =>
      request.defects[0] === all[1]?.name ? Promise.reject(new Error("no disk")) : good(request, label);
    const results = await openResults(folder, "v1", false);
    await expect(prove(all, await options({ results }), breaks)).rejects.toThrow("no disk");
    expect(good.ran, "nothing new begins after it").toEqual([all[0]?.name]);
    const rest = scripted(asNamed);
    await prove(
      all,
      await options({ healthyRuns: 0, results: await openResults(folder, "v1", false) }),
      rest,
    );
    expect(rest.ran).toEqual(all.slice(1).map(({ name }) => name));
  });
});

test("once the time is over nothing begins: what is left is unknown, and never a miss or a proof", async () => {
  let begun = 0;
  const named = Object.fromEntries(all.map(({ caughtBy }) => [caughtBy.check, "breached" as const]));
  const runner = scripted(() => named);
  const matrix = await prove(all, await options({ mayBegin: () => begun++ < 2 }), runner);
  expect(runner.ran).toHaveLength(2);
  expect(matrix.rows.map(({ ended }) => ended)).toEqual(["completed", "completed", "not run", "not run"]);
  expect(matrix.rows[3]).toMatchObject({ outcome: "unknown", caught: false, run: "" });
  expect(matrix.totals).toMatchObject({ healthyRuns: 0, healthyNotRun: 4 });
  expect(exitOf(matrix)).not.toBe(0);
  expect(tableOf(matrix)).toContain("4 not run");
});

test("several at a time: never more than asked for, and the rows stay in order", async () => {
  let now = 0;
  let most = 0;
  const inner = scripted(asNamed);
  const runner: RunOne = async (request, label) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setImmediate(resolve));
    now--;
    return inner(request, label);
  };
  const matrix = await prove(all, await options({ jobs: 3 }), runner);
  expect(most).toBe(3);
  expect(matrix.rows.map(({ defect }) => defect)).toEqual(all.map(({ name }) => name));
});

test("several at a time: what could not be judged beside others is at last run by itself", async () => {
  const under = new Set<object>();
  const beside: Record<string, number[]> = {};
  const inner = scripted((defect, nth) =>
    defect === undefined ? { a: "met" } : { [namedBy(defect)]: nth < 2 ? "unknown" : "breached" },
  );
  const runner: RunOne = async (request, label) => {
    const own = {};
    under.add(own);
    let most = under.size;
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, under.size);
    }
    under.delete(own);
    const [defect] = request.defects;
    if (defect) beside[defect] = [...(beside[defect] ?? []), most - 1];
    return inner(request, label);
  };
  const matrix = await prove(all, await options({ jobs: 3 }), runner);
  expect(matrix.totals).toMatchObject({ caught: 4, unknown: 0, healthyRuns: 4 });
  expect(Object.values(beside).map((others) => others.length)).toEqual([3, 3, 3, 3]);
  for (const others of Object.values(beside)) expect(others.at(-1)).toBe(0);
  expect(Math.max(...Object.values(beside).flat())).toBe(2);
});

describe("matrix.html", () => {
  test("is one file without any outside reference, and leads to each run's report", async () => {
    const matrix = await prove(all, await options(), scripted(asNamed, { diagnosed: [all[0]?.name ?? ""] }));
    const page = matrixPage(matrix);
    expect(page).not.toMatch(/\bsrc=|url\(|@import|<link|<script|https?:/);
    for (const { name } of all) expect(page).toContain(`run-of-${name}/report.html`);
    expect(page).toContain("<b>4 of 4</b> mistakes caught, 0 false alarms in 4 healthy runs");
    expect(page).not.toContain("What is not as it should be");
    expect(matrixPage(matrix)).toBe(page);
  });

  test("names what is not as it should be, with its reason, escaped", async () => {
    const ended = { how: "failed", code: "SW_X", message: "<b>&" } as const;
    const matrix = await prove(
      all.slice(0, 1),
      await options({ healthyRuns: 0 }),
      scripted(() => ({ a: "met" }), { ended }),
    );
    const page = matrixPage(matrix);
    expect(page).toContain("What is not as it should be");
    expect(page).toContain("SW_X: &lt;b&gt;&amp;");
    expect(page).toContain("nothing is known of false alarms");
  });
});
