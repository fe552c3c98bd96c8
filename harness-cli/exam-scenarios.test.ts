import { describe, expect, test } from "vitest";
import { describeConfig, readConfig } from "../target-server/config.ts";
import { loadCatalog } from "./catalog.ts";
import { planRoles } from "./plan.ts";

const { scenarios, checks, defects } = await loadCatalog();
const asking = [...scenarios.values()].filter((scenario) =>
  planRoles(scenario, scenario.params, "k6").some(({ asks }) => asks !== undefined),
);

/** The checks of what examiners see, by their invariant. */
const judges = new Map(
  [...checks.values()]
    .filter(({ unit }) => unit === "answers")
    .map(({ name, requirement }) => [requirement[0], name]),
);

describe.each(asking)("$name", (scenario) => {
  const asked = planRoles(scenario, scenario.params, "k6").flatMap(({ asks = [] }) => asks);

  test("each of its questions is judged by a check that it names, and no check waits for a question", () => {
    for (const { about, invariant } of asked) {
      expect(judges.has(invariant), `${about}: ${invariant}`).toBe(true);
      expect(scenario.checks, about).toContain(judges.get(invariant));
    }
    for (const check of scenario.checks.filter((name) => checks.get(name)?.unit === "answers")) {
      expect(
        asked.some(({ invariant }) => judges.get(invariant) === check),
        check,
      ).toBe(true);
    }
  });

  test("each question has a name of its own", () => {
    expect(new Set(asked.map(({ about }) => about)).size).toBe(asked.length);
  });

  test("the reference server takes the settings that it asks for", () => {
    const settings = scenario.reference?.(scenario.params) ?? {};
    expect(readConfig({ JWT_SECRET: "s", ...settings }).mistakes).toBeUndefined();
    const known = describeConfig();
    for (const name of Object.keys(settings)) expect(known).toContain(`  ${name} `);
  });

  test("its defaults lie within their bounds", () => {
    for (const [key, bound = []] of Object.entries(scenario.bounds ?? {})) {
      const value = scenario.params[key];
      if (typeof bound[0] === "string") expect(bound, key).toContain(value);
      else {
        expect(value, key).toBeGreaterThanOrEqual(bound[0]);
        expect(value, key).toBeLessThanOrEqual(bound[1] as number);
      }
    }
  });
});

test("a sign about an answer names a question that some scenario asks", () => {
  const slugs = new Set(
    asking.flatMap((scenario) =>
      planRoles(scenario, scenario.params, "k6").flatMap(({ asks = [] }) => asks.map(({ about }) => about)),
    ),
  );
  for (const { name, signs } of defects.values()) {
    for (const { fact } of signs.filter(({ fact }) => fact.startsWith("about:"))) {
      expect(slugs, `${name}: ${fact}`).toContain(fact.slice("about:".length));
    }
  }
});
