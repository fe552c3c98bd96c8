import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadCatalog } from "./catalog.ts";

/** What a defect says of itself must be something that a run can show: a slip here is a mistake that nobody finds. */
const catalog = await loadCatalog();
const KINDS = ["baseline", "fault", "recovery", "final"];

/** Where clients put rules to the test; `about:` names one of them as a literal. */
const observers = ["scenarios", "scenarios/model", "scenarios/native", "scenarios/k6"]
  .flatMap((folder) =>
    readdirSync(path.resolve(import.meta.dirname, "..", folder)).map((file) => `${folder}/${file}`),
  )
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file) => readFileSync(path.resolve(import.meta.dirname, "..", file), "utf8"))
  .join("\n");

function canBeShown(fact: string): boolean {
  const [, kind, name = ""] = /^(?:not )?(about|feature|fault):(.*)$/.exec(fact) ?? [];
  if (kind === "feature") return catalog.features.has(name);
  if (kind === "fault") return catalog.faults.has(name);
  if (kind === "about") return observers.includes(`"${name}"`);
  const [check = "", phase] = fact.replace(/^not /, "").split("@");
  return catalog.checks.has(check) && (phase === undefined || KINDS.includes(phase));
}

describe.each([...catalog.defects.values()].map((defect) => [defect.name, defect] as const))(
  "defect %s",
  (_, { signs, caughtBy, inProduction, remedy, requirement }) => {
    test("says how it looks in production and what to do about it, in whole sentences", () => {
      for (const text of [inProduction, remedy]) expect(text).toMatch(/^[A-Z`].{30,}[.)]$/s);
    });

    test("names signs that a run can show, each once", () => {
      expect(signs.filter(({ fact }) => !canBeShown(fact)).map(({ fact }) => fact)).toEqual([]);
      expect(new Set(signs.map(({ fact }) => fact)).size).toBe(signs.length);
      for (const { weight } of signs) {
        expect(weight).not.toBe(0);
        expect(Math.abs(weight)).toBeLessThanOrEqual(5);
      }
    });

    test("is given away by the check that must catch it, or by what that check is made of", () => {
      const speaking = signs.filter(({ weight }) => weight > 0).map(({ fact }) => fact);
      const named = speaking.filter((fact) => fact.split("@")[0] === caughtBy.check);
      const about = speaking.filter((fact) => fact.startsWith("about:"));
      expect([...named, ...about]).not.toEqual([]);
    });

    test("names rows of section B", () => {
      for (const id of requirement) expect(id).toMatch(/^B([1-9]\d?|1\d\d|2[01]\d|22[0-3])$/);
    });
  },
);
