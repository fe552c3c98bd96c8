import type { AnyDefect, Catalog } from "../catalog.ts";
import { requirementRows as serverRows } from "../docs/reference-server-rows.ts";
import { faultRows } from "../fault-rows.ts";
import type { Evidence } from "./evidence.ts";
import { invariantRows } from "./invariants.ts";
import { mistakeRows } from "./mistakes.ts";
import { numberRows } from "./numbers.ts";
import { proxyRows } from "./proxies.ts";
import type { Requirement, RequirementTitle } from "./row.ts";
import { scenarioRows } from "./scenarios.ts";

/**
 * Every row of sections 0.3 and A to F, and what there is of it. A row is built where something builds it and a test
 * names it: for a mistake its defect, for a scenario the scenario, for an invariant its check, for a number a check or
 * the metric, for a fault the fault. What is only mentioned somewhere is not built.
 */
export function requirements(catalog: Catalog, evidence: Evidence): readonly Requirement[] {
  const entries = (...kinds: readonly ReadonlyMap<string, { readonly requirement: readonly string[] }>[]) => {
    const ids = kinds.flatMap((kind) => [...kind.values()].flatMap(({ requirement }) => requirement));
    return (id: string) => ids.includes(id);
  };
  const isDefect = entries(catalog.defects as ReadonlyMap<string, AnyDefect>);
  const isScenario = entries(catalog.scenarios);
  const isCheck = entries(catalog.checks);
  const proofs = withProofs(evidence, catalog);
  const named = (id: string) => evidence.code[id] !== undefined;
  const of = (
    section: Requirement["section"],
    rows: readonly RequirementTitle[],
    isThere: (id: string) => boolean,
    missing: string,
  ) => rows.map((row) => titled(section, row, isThere(row.id), missing, evidence));
  return [
    ...of("0.3", invariantRows, isCheck, "no check asks about it"),
    ...serverRequirements(evidence),
    ...mistakeRows.map((row) => titled("B", row, isDefect(row.id), "no defect switches it on", proofs)),
    ...scenarioRows.map((row) => titled("C", row, isScenario(row.id), "no scenario plays it", proofs)),
    ...of("D", numberRows, (id) => isCheck(id) || named(id), "neither a check nor a metric has it"),
    ...faultRequirements(catalog, evidence),
    ...of("F", proxyRows, named, "nothing here is it"),
  ];
}

/**
 * A defect that `.ci/run` proves is tested by that, under the rows that it names; and so is its scenario, which is run
 * with it and without.
 */
function withProofs(evidence: Evidence, catalog: Catalog): Evidence {
  if (evidence.proved === undefined) return evidence;
  const tests: Record<string, readonly string[]> = { ...evidence.tests };
  for (const { name, requirement, wave, caughtBy } of catalog.defects.values()) {
    if (evidence.proved !== "all" && evidence.proved !== wave) continue;
    const played = catalog.scenarios.get(caughtBy.scenario)?.requirement ?? [];
    for (const id of [...requirement, ...played])
      tests[id] = [...(tests[id] ?? []), `.ci/run: prove ${name}`];
  }
  return { ...evidence, tests };
}

function titled(
  section: Requirement["section"],
  { id, title, unobservable }: RequirementTitle,
  isThere: boolean,
  missing: string,
  evidence: Evidence,
): Requirement {
  const { code, tests } = foundIn(evidence, id);
  const row = { id, section, title, code, tests };
  if (unobservable !== undefined) return { ...row, state: "unobservable", why: unobservable };
  if (!isThere) return { ...row, state: "not built", why: missing };
  if (tests.length === 0) return { ...row, state: "not built", why: "it is there, and no test names it" };
  return { ...row, state: "built" };
}

/** Section A has a list of its own, which a test holds. */
function serverRequirements(evidence: Evidence): Requirement[] {
  return serverRows.map(({ id, says, state, why, file, test }) => {
    const { code, tests } = foundIn(evidence, id);
    return {
      id,
      section: "A",
      title: says,
      state: state === "built differently" ? "differently" : state,
      ...(why === undefined ? {} : { why }),
      code: [...new Set([...(file ? [file] : []), ...code])],
      tests: tests.length > 0 || !test ? tests : [`${test.file}: ${test.title}`],
    };
  });
}

/** So has section E: what no fault builds says where else it lives, or why it does not. */
function faultRequirements(catalog: Catalog, evidence: Evidence): Requirement[] {
  return faultRows.map(({ id, says, lives, why, file, test }) => {
    const found = foundIn(evidence, id);
    const isFault = [...catalog.faults.values()].some(({ requirement }) => requirement.includes(id));
    const row = {
      id,
      section: "E" as const,
      title: says,
      code: [...new Set([...(file ? [file] : []), ...found.code])],
      tests: found.tests.length > 0 || !test ? found.tests : [`${test.file}: ${test.title}`],
    };
    if (isFault && row.tests.length > 0) return { ...row, state: "built" };
    if (isFault) return { ...row, state: "not built", why: "it is there, and no test names it" };
    if (lives !== undefined) return { ...row, state: "differently", why: lives };
    return { ...row, state: "not built", why: why ?? "no fault builds it" };
  });
}

/** What builds a row comes before what only mentions it. */
const ENTRIES = /\/(defects|checks|faults)\/|^scenarios\/[^/]+\.ts$/;

function foundIn({ code, tests }: Evidence, id: string) {
  const own = code[id] ?? [];
  const entries = own.filter((file) => ENTRIES.test(file));
  return { code: [...new Set([...entries, ...own])], tests: tests[id] ?? [] };
}
