import { describe, expect, test } from "vitest";
import type { Check } from "./check.ts";
import generatorValid from "./checks/generator-valid.ts";
import reconnectSpread from "./checks/reconnect-spread.ts";
import recoveryTime from "./checks/recovery-time.ts";
import { judge } from "./judge.ts";
import { Story } from "./testing/story.ts";
import type { Verdict } from "./verdict.ts";

const everywhere = { baseline: 0, fault: 0, recovery: 0, final: 0 };

function saying(name: string, verdict: Verdict): Check {
  return {
    name,
    summary: `says ${verdict.status}`,
    requirement: [],
    unit: "things",
    limits: everywhere,
    explain: "for tests",
    judge: () => verdict,
  };
}

const red = saying("red", {
  status: "breached",
  measured: 3,
  samples: 10,
  why: "three things",
  counterexamples: [{ text: "the first thing" }],
});
const green = saying("green", { status: "met", measured: 0, samples: 10 });
const planned = (check: Check): { name: string; limits: Check["limits"] } => ({
  name: check.name,
  limits: check.limits,
});
const told = (story: Story, ...checks: readonly Check[]): string[] =>
  judge(story.checks(...checks.map(planned)).record(), checks).judgements.map(
    ({ check, phase, verdict }) => `${check} ${phase}: ${verdict.status}`,
  );

const withKill = (): Story =>
  new Story({ timing: { warmUpMs: 2_000, publishUntilMs: 40_000, endMs: 42_000 } }).fault(
    "kill",
    "server-2",
    10_000,
    12_000,
  );

describe("judge", () => {
  test("rule 5: every planned check is put to every phase that it has a limit for, in the plan's order", () => {
    const onlyFault = { ...red, limits: { fault: 0 } };
    expect(told(withKill(), green, onlyFault)).toEqual([
      "green baseline: met",
      "green during kill server-2: met",
      "green recovery after kill server-2: met",
      "green final: met",
      "red during kill server-2: breached",
    ]);
  });

  test("the plan's limits decide, not the check's", () => {
    const echo: Check = {
      ...green,
      judge: (_, __, limit) => ({ status: "met", measured: limit, samples: 1 }),
    };
    const record = new Story().checks({ name: "green", limits: { baseline: 42 } }).record();
    expect(judge(record, [echo]).judgements).toMatchObject([
      { limit: 42, phase: "baseline", verdict: { measured: 42 } },
    ]);
  });

  test("rule 7: a void phase is unknown for all, and only that phase", () => {
    const story = new Story({ timing: { warmUpMs: 0, publishUntilMs: 40_000, endMs: 42_000 } }).fault(
      "kill",
      "server-2",
      10_000,
      12_000,
      {
        steps: [
          ["injecting", 10_000],
          ["not-observed", 11_500],
          ["healed", 12_000],
        ],
      },
    );
    expect(told(story.fitGenerator(), generatorValid, green)).toEqual([
      "generator-valid baseline: met",
      "generator-valid during kill server-2: unknown",
      "generator-valid recovery after kill server-2: unknown",
      "generator-valid final: met",
      "green baseline: met",
      "green during kill server-2: unknown",
      "green recovery after kill server-2: unknown",
      "green final: met",
    ]);
    const report = judge(story.record(), [generatorValid, green]);
    const why = report.judgements.map(({ verdict }) => ("why" in verdict ? verdict.why : ""));
    expect(why[5]).toMatch(/^kill on server-2 had no effect/);
    const unfit = judge(story.measureEach("lateness", 10_000, 12_000, 900, 200).record(), [
      generatorValid,
      green,
    ]);
    const during = unfit.judgements.filter(({ phase }) => phase === "during kill server-2");
    for (const { verdict } of during)
      expect(verdict).toMatchObject({ why: expect.stringMatching(/^kill on/) });
  });

  test("rule 6: where the generator was saturated, nothing is red and nothing is green", () => {
    const story = withKill().fitGenerator().measureEach("lateness", 10_000, 12_000, 900, 200);
    const report = judge(story.checks(planned(generatorValid), planned(red), planned(green)).record(), [
      generatorValid,
      red,
      green,
    ]);
    const during = report.judgements.filter(({ phase }) => phase === "during kill server-2");
    expect(during.map(({ verdict }) => verdict.status)).toEqual(["unknown", "unknown", "unknown"]);
    expect(during[0]?.verdict).toMatchObject({
      why: expect.stringMatching(/^it did not keep up in 2 of 2 seconds/),
    });
    expect(during[1]?.verdict).toMatchObject({
      why: expect.stringMatching(
        /2 of 2 seconds, first at 10 s: sends 90\d.* late at p99\).*it would have been breached: three things/,
      ),
      measured: 3,
    });
    expect(during[2]?.verdict).toMatchObject({ why: expect.stringMatching(/it would have been met$/) });
    const baseline = report.judgements.filter(({ phase }) => phase === "baseline");
    expect(baseline.map(({ verdict }) => verdict.status)).toEqual(["met", "breached", "met"]);
    expect(report.overall).toBe("breached");
  });

  test("rule 6: the generator is judged by its own limit, wherever it stands in the plan", () => {
    // 9 of 18 seconds: half of them may be unfit.
    const story = () => new Story().fitGenerator().measureEach("lateness", 3_000, 12_000, 900, 200);
    expect(told(story(), red, generatorValid)).toEqual([
      "red baseline: breached",
      "generator-valid baseline: met",
    ]);
    expect(told(story().measure("lateness", 12_000, 900, 200), red, generatorValid)).toEqual([
      "red baseline: unknown",
      "generator-valid baseline: unknown",
    ]);
  });

  test("rule 6: a phase that the generator has no limit for, or a generator that nobody can judge, spoils nothing", () => {
    const story = () => new Story().fitGenerator().error(5_000, "x is not a function");
    const onlyFault = { name: generatorValid.name, limits: { fault: 50 } };
    const partly = judge(story().checks(onlyFault, planned(red)).record(), [generatorValid, red]);
    expect(partly.judgements.find(({ check }) => check === "red")?.verdict.status).toBe("breached");
    const gone = judge(story().checks(planned(generatorValid), planned(red)).record(), [red]);
    expect(gone.judgements.map(({ verdict }) => verdict.status)).toEqual(["unknown", "breached"]);
  });

  test("a check that is planned without any limit is unknown, fault or none", () => {
    for (const story of [new Story(), withKill()]) {
      const report = judge(story.checks({ name: "green", limits: {} }).record(), [green]);
      expect(report.judgements).toMatchObject([
        { verdict: { status: "unknown", why: expect.stringMatching(/it has limits for: none/) } },
      ]);
    }
  });

  test("rule 6: only a plan that asks about the generator has it judged", () => {
    const story = new Story().measureEach("lateness", 0, 20_000, 900, 200).checks(planned(red));
    expect(judge(story.record(), [generatorValid, red]).overall).toBe("breached");
  });

  test("D1: the report tells what the probe saw in all judged phases, and nothing where none ran", () => {
    const roles = [{ name: "member", clients: 3, engine: "k6", provokes: [] }] as const;
    const story = new Story({ roles }).measureEach("delivery", 0, 20_000, 40, 10);
    expect(judge(story.record(), [])).not.toHaveProperty("probe");
    story.probe(1_000, 30, 5).probe(2_000, 30, 5).probe(19_000, 30, 5);
    expect(judge(story.record(), []).probe).toMatchObject({ probeSamples: 10, k6Samples: 180 });
  });

  test("a check without any phase is unknown once: its silence is no pass", () => {
    const onlyFinal = { ...green, limits: { final: 0 } };
    const report = judge(new Story().checks(planned(onlyFinal)).record(), [onlyFinal]);
    expect(report.judgements).toMatchObject([{ phase: "run", verdict: { status: "unknown", samples: 0 } }]);
    expect(report.overall).toBe("unknown");
  });

  test("a question about faults is not asked of a run that planned none, nor of faults that it is not about", () => {
    expect(told(new Story(), green, recoveryTime, reconnectSpread)).toEqual(["green baseline: met"]);
    const latency = new Story({ timing: { warmUpMs: 0, publishUntilMs: 40_000, endMs: 42_000 } }).fault(
      "latency",
      "server-1/redis",
      10_000,
      12_000,
      { drops: false },
    );
    expect(told(latency, reconnectSpread)).toEqual([]);
    expect(told(latency, recoveryTime)).toEqual([
      "recovery-time recovery after latency server-1/redis: unknown",
    ]);
  });

  test("a planned fault that never came leaves its questions unknown", () => {
    const story = withKill().ended({ how: "interrupted", by: "SIGINT" }, 8_000);
    expect(told(story, reconnectSpread)).toEqual(["reconnect-spread run: unknown"]);
  });

  test("an empty record is unknown, whatever the checks would say", () => {
    const story = withKill().ended(undefined, 0);
    expect(told(story, generatorValid, green)).toEqual([
      "generator-valid run: unknown",
      "green run: unknown",
    ]);
  });

  test("a check that this version does not have is unknown", () => {
    const report = judge(new Story().checks({ name: "gone", limits: everywhere }).record(), [green]);
    expect(report.judgements).toMatchObject([{ check: "gone", verdict: { status: "unknown" } }]);
  });

  test("no planned check at all is unknown", () => {
    expect(judge(new Story().record(), [green]).overall).toBe("unknown");
  });

  test("the report carries what each planned check asks", () => {
    const { about } = judge(new Story().checks(planned(green)).record(), [red, green]);
    expect(about).toEqual({ green: { summary: "says met", requirement: [], explain: "for tests" } });
  });
});
