import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type Catalog, loadCatalog } from "../catalog.ts";
import { cli } from "../test-world.ts";
import { type Evidence, provedBy, scan, testNames } from "./evidence.ts";
import { requirements } from "./requirements.ts";
import { totalsOf } from "./show.ts";

const root = path.resolve(import.meta.dirname, "../..");
const catalog = await loadCatalog();
const real = requirements(catalog, await scan(root));

const numbered = (letter: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${letter}${n + 1}`);

describe("the rows", () => {
  test.each([
    ["A", 144],
    ["B", 223],
    ["C", 71],
    ["D", 83],
    ["E", 68],
    ["F", 30],
  ] as const)("section %s has all of its %i rows, once, in order", (section, count) => {
    const ids = real.filter((row) => row.section === section).map(({ id }) => id);
    expect(ids).toEqual(numbered(section, count));
  });

  test("section 0.3 has its 22 invariants", () => {
    const ids = real.filter(({ section }) => section === "0.3").map(({ id }) => id);
    expect(new Set(ids).size).toBe(22);
    for (const id of ids) expect(id).toMatch(/^INV-[A-Z]+$/);
  });

  test("none is called built without a test that names it, or not built without a reason", () => {
    for (const { id, state, tests, why } of real) {
      if (state === "built") expect(tests, id).not.toEqual([]);
      else expect(why, id).toBeTruthy();
    }
  });

  test("a test that is named is there, and its name begins with the row's id or a range with it", () => {
    for (const { id, tests } of real) {
      for (const one of tests.filter((test) => !test.startsWith(".ci/run: prove "))) {
        const [, file = "", name = ""] = /^(\S+?\.ts): (.*)$/s.exec(one) ?? [];
        expect(readFileSync(path.join(root, file), "utf8"), `${id}: ${one}`).toContain(name);
      }
    }
  });
});

describe("when a row is built", () => {
  const nothing: Catalog = {
    scenarios: new Map(),
    faults: new Map(),
    checks: new Map(),
    defects: new Map(),
    features: new Map(),
  };
  const entry = (requirement: readonly string[]) => new Map([["one", { name: "one", requirement }]]) as never;
  const none: Evidence = { code: {}, tests: {} };
  const stateOf = (id: string, of: Partial<Catalog>, evidence: Partial<Evidence> = none) =>
    requirements({ ...nothing, ...of }, { ...none, ...evidence }).find((row) => row.id === id)?.state;

  test("a mistake needs its defect and a test that names it; a mention is nothing", () => {
    const tests = { B42: ["a.test.ts: B42: it is seen"] };
    const code = { B42: ["a.ts"] };
    expect(stateOf("B42", { defects: entry(["B42"]) }, { tests })).toBe("built");
    expect(stateOf("B42", { defects: entry(["B42"]) })).toBe("not built");
    expect(stateOf("B42", {}, { tests, code })).toBe("not built");
    expect(stateOf("B42", { defects: entry(["B41"]) }, { tests })).toBe("not built");
  });

  test("a defect that .ci/run proves is tested by that, with its scenario, and no other", () => {
    const proved = (of: Evidence["proved"], wave: number) => {
      const one = { name: "one", requirement: ["B42"], wave, caughtBy: { scenario: "one" } };
      const defects = new Map([["one", one]]) as never;
      const there = { defects, scenarios: entry(["C9"]) };
      const evidence = of === undefined ? {} : { proved: of };
      // Its scenario is run with it and without.
      expect(stateOf("C9", there, evidence)).toBe(stateOf("B42", there, evidence));
      return stateOf("B42", there, evidence);
    };
    expect([proved("all", 2), proved(1, 1), proved(1, 2), proved(undefined, 1)]).toEqual([
      "built",
      "built",
      "not built",
      "not built",
    ]);
    expect(provedBy("judged 1 proofs 18 npx seaworthy prove --fresh --json")).toBe("all");
    expect(provedBy("one proofs 20 npx seaworthy prove --wave 1 --json")).toBe(1);
    expect(provedBy("# npx seaworthy prove")).toBeUndefined();
    expect(provedBy("npm test")).toBeUndefined();
  });

  test("a scenario needs the scenario, an invariant its check, a fault the fault; a metric only its name", () => {
    const tests = { C8: ["t"], "INV-REAP": ["t"], E1: ["t"], D41: ["t"], F3: ["t"] };
    expect(stateOf("C8", { scenarios: entry(["C8"]) }, { tests })).toBe("built");
    expect(stateOf("C8", { checks: entry(["C8"]) }, { tests })).toBe("not built");
    expect(stateOf("INV-REAP", { checks: entry(["INV-REAP"]) }, { tests })).toBe("built");
    expect(stateOf("E1", { faults: entry(["E1"]) }, { tests })).toBe("built");
    expect(stateOf("E1", {}, { tests })).toBe("not built");
    expect(stateOf("D41", {}, { tests, code: { D41: ["metrics.ts"] } })).toBe("built");
    expect(stateOf("D41", {}, { tests })).toBe("not built");
    expect(stateOf("F3", {}, { code: { F3: ["nginx.ts"] } })).toBe("not built");
  });

  test("what no harness can see from outside says so, whatever there is", () => {
    expect(stateOf("B167", { defects: entry(["B167"]) }, { tests: { B167: ["t"] } })).toBe("unobservable");
  });

  test("the sums are the rows", () => {
    const totals = totalsOf(real);
    const { all, ...sections } = totals;
    expect(Object.values(all ?? {}).reduce((a, b) => a + b, 0)).toBe(real.length);
    const built = Object.values(sections).reduce((sum, counts) => sum + counts.built, 0);
    expect(built).toBe(all?.built);
  });
});

describe("names of tests", () => {
  const ids = (text: string) => testNames(text).map((one) => one.ids);

  test("lists, ranges and both kinds of quotes are understood", () => {
    // Put together here, so that this file is not taken for a proof of them.
    const named = (head: string, quote = '"') => `test(${quote}${head}: it holds${quote}, () => {})`;
    expect(ids(named("A1"))).toEqual([["A1"]]);
    expect(ids(named("A1, B22, INV-LOSS", "`"))).toEqual([["A1", "B22", "INV-LOSS"]]);
    expect(ids(named("C3–C5", "'"))).toEqual([["C3", "C4", "C5"]]);
    expect(ids(named("D7 and E1"))).toEqual([["D7", "E1"]]);
  });

  test("an id in the middle of a name, or without a colon, proves nothing", () => {
    expect(ids(`test("it holds, see B${1}: really")`)).toEqual([]);
    expect(ids(`test("B${1} holds")`)).toEqual([]);
    expect(ids(`const name = "B${42}"`)).toEqual([]);
  });
});

test("list requirements says it for people and for programs", async () => {
  const { exit, out } = await cli("list", "requirements", "--json");
  const told = JSON.parse(out);
  expect([exit, told.format, told.requirements.length]).toEqual([0, 1, real.length]);
  expect(told.requirements.find(({ id }: { id: string }) => id === "B42")).toMatchObject({
    section: "B",
    state: "built",
    code: expect.arrayContaining(["target-server/defects/in-memory-broker-in-cluster.ts"]),
  });
  const text = (await cli("list", "requirements")).out;
  expect(text).toMatch(/^ {2}B167\s+unobservable/m);
  expect(text).toContain("  section B: ");
  expect((await cli("list")).out, "hundreds of rows only when asked for").not.toContain("B167");
});
