import { describe, expect, test } from "vitest";
import { diagnose } from "./diagnosis.ts";
import type { Feature } from "./feature.ts";
import type { KnownMistake, Sign } from "./known-mistake.ts";
import type { RunRecord } from "./record/run-record.ts";
import type { Judgement, Report } from "./report.ts";
import { Story } from "./testing/story.ts";
import { overall, type Verdict } from "./verdict.ts";
import { phasesOf } from "./windows.ts";

const story = new Story().fault("cut", "server-1/redis", 6_000, 8_000);
const record = story.record();

/** Judgements by hand: `check@phase name` to status. */
function reportOf(statuses: Readonly<Record<string, Verdict["status"]>>, of: RunRecord = record): Report {
  const judgements: Judgement[] = Object.entries(statuses).map(([where, status]) => {
    const [check = "", phase = ""] = where.split("@");
    const verdict = { status, measured: 3, samples: 9, why: `${check} says ${status}`, counterexamples: [] };
    return { check, phase, limit: 0, unit: "messages", verdict: verdict as Verdict };
  });
  const { plan, ended } = of;
  return {
    plan,
    ended,
    phases: phasesOf(of),
    judgements,
    overall: overall(judgements.map(({ verdict }) => verdict)),
  };
}

function mistake(name: string, ...signs: readonly (readonly [string, number])[]): KnownMistake {
  return {
    name,
    summary: `${name} is on`,
    requirement: ["B1"],
    inProduction: "It hurts.",
    remedy: "Stop it.",
    signs: signs.map(([fact, weight]): Sign => ({ fact, weight })),
  };
}

const there: Feature = { name: "there", summary: "it is there", find: () => [{ text: "here", atMs: 5 }] };
const gone: Feature = { name: "gone", summary: "it is gone", find: () => [] };
const features = new Map([there, gone].map((feature) => [feature.name, feature]));
const CUT = "during cut server-1/redis";

const names = (report: Report, mistakes: readonly KnownMistake[], of = record) =>
  diagnose(report, of, mistakes, features).map(({ mistake: name, score }) => [name, score]);

describe("diagnosis", () => {
  test("nothing breached, nothing diagnosed: not even for a mistake whose every pattern is there", () => {
    const met = reportOf({ "loss@baseline": "met", "order@baseline": "unknown" });
    expect(diagnose(met, record, [mistake("a", ["feature:there", 5], ["not loss", 5])], features)).toEqual(
      [],
    );
  });

  test("a circumstance alone names nobody; with a breach it adds its weight", () => {
    const report = reportOf({ "loss@baseline": "breached" });
    const about = mistake("circumstance", ["feature:there", 5], ["fault:cut", 5], ["not order", 5]);
    expect(names(report, [about])).toEqual([]);
    expect(names(report, [mistake("both", ["loss", 3], ["feature:there", 5], ["fault:cut", 2])])).toEqual([
      ["both", 10],
    ]);
  });

  test("a breach counts in the kind of phase that the sign names", () => {
    const report = reportOf({ "loss@baseline": "met", [`loss@${CUT}`]: "breached" });
    const one = (fact: string) => names(report, [mistake("a", [fact, 4])]);
    expect(one("loss")).toEqual([["a", 4]]);
    expect(one("loss@fault")).toEqual([["a", 4]]);
    expect(one("loss@baseline")).toEqual([]);
    expect(one("loss@final"), "never judged there: neither for nor against").toEqual([]);
  });

  test("`not` wants a check that was judged and met everywhere, never one that could not say", () => {
    const of = (status: Verdict["status"] | undefined) =>
      names(reportOf({ "loss@baseline": "breached", ...(status ? { "order@baseline": status } : {}) }), [
        mistake("a", ["loss", 3], ["not order", 2]),
      ]);
    expect(of("met")).toEqual([["a", 5]]);
    expect(of("unknown")).toEqual([["a", 3]]);
    expect(of(undefined)).toEqual([["a", 3]]);
    expect(of("breached")).toEqual([["a", 2]]);
  });

  test("what was looked for and not found takes half of its weight away; what could not be told, nothing", () => {
    const report = reportOf({ "loss@baseline": "breached", "order@baseline": "met" });
    const [found] = diagnose(
      report,
      record,
      [mistake("a", ["loss", 5], ["order", 2], ["feature:gone", 2], ["never-judged", 4], ["fault:kill", 2])],
      features,
    );
    expect(found?.score).toBe(2);
    expect(found?.contradicts.map(({ fact, weight }) => [fact, weight])).toEqual([
      ["order", -1],
      ["feature:gone", -1],
      ["fault:kill", -1],
    ]);
  });

  test("a look-alike's mark speaks against it, and a mistake that is outweighed is no candidate", () => {
    const report = reportOf({ "loss@baseline": "breached" });
    const ranked = diagnose(
      report,
      record,
      [
        mistake("look-alike", ["loss", 3], ["feature:there", -2]),
        mistake("it", ["loss", 3], ["feature:there", 5]),
        mistake("other", ["loss", 3], ["feature:there", -3]),
      ],
      features,
    );
    expect(ranked.map((one) => [one.mistake, one.rank, one.score])).toEqual([
      ["it", 1, 8],
      ["look-alike", 2, 1],
    ]);
    expect(ranked[0]?.supports.map(({ fact }) => fact)).toEqual(["feature:there", "loss"]);
    expect(ranked[1]?.contradicts[0]?.text).toContain("it is there: here");
  });

  test("two that nothing tells apart are both second: the alphabet is no evidence", () => {
    const report = reportOf({ "loss@baseline": "breached" });
    const ranked = diagnose(report, record, [mistake("b", ["loss", 3]), mistake("a", ["loss", 3])], features);
    expect(ranked.map((one) => [one.mistake, one.rank])).toEqual([
      ["a", 2],
      ["b", 2],
    ]);
  });

  test("at equal scores the one that showed more of what it should comes first", () => {
    const report = reportOf({ "loss@baseline": "breached", "order@baseline": "met" });
    const ranked = diagnose(
      report,
      record,
      [mistake("a", ["loss", 4], ["order", 2]), mistake("b", ["loss", 3])],
      features,
    );
    expect(ranked.map((one) => [one.mistake, one.rank, one.score])).toEqual([
      ["b", 1, 3],
      ["a", 2, 3],
    ]);
  });

  test("an observation that did not hold is a breach of its own; those that held speak against", () => {
    const seen = (holds: boolean) => ({
      ...record,
      ledger: {
        ...record.ledger,
        observations: [
          {
            about: "origin",
            invariant: "INV-REJECT",
            expected: "403",
            seen: holds ? "403" : "101",
            holds,
            atMs: 1,
            client: 4,
          },
        ],
      },
    });
    const report = reportOf({ "refusals@baseline": "breached" });
    const own = [mistake("a", ["about:origin", 4]), mistake("b", ["refusals", 3], ["not about:origin", 2])];
    expect(names(report, own, seen(false))).toEqual([
      ["a", 4],
      ["b", 2],
    ]);
    expect(names(report, own, seen(true))).toEqual([["b", 5]]);
    expect(names(report, own), "never observed: nothing either way").toEqual([["b", 3]]);
    const [first] = diagnose(report, seen(false), own, features);
    expect(first?.supports[0]?.text).toBe("origin: expected 403, saw 101 (1 of 1 observation)");
  });

  test("a fault without an effect is neither a circumstance nor its absence", () => {
    const mute = new Story()
      .fault("cut", "server-1/redis", 6_000, 8_000, {
        steps: [
          ["injecting", 6_000],
          ["not-observed", 7_000],
          ["healed", 8_000],
        ],
      })
      .record();
    const own = [mistake("a", ["loss", 3], ["fault:cut", 2])];
    expect(names(reportOf({ "loss@baseline": "breached" }, mute), own, mute)).toEqual([["a", 3]]);
  });

  test("it does not look at what the plan switched on", () => {
    const report = reportOf({ "loss@baseline": "breached" });
    const own = [mistake("a", ["loss", 3]), mistake("b", ["loss", 2])];
    const defects = { kind: "reference", instances: 3, defects: ["b"], runAs: "processes" } as const;
    const plan = { ...record.plan, target: defects, clientDefects: ["b"] };
    const other = { ...record, plan };
    expect(diagnose({ ...report, plan }, other, own, features)).toEqual(
      diagnose(report, record, own, features),
    );
  });
});
