import { describe, expect, test } from "vitest";
import { loadCatalog } from "./catalog.ts";
import { type EntryKind, wrongInEntry } from "./entry-shape.ts";

const { scenarios, faults, checks } = await loadCatalog();
const of: Readonly<Record<EntryKind, ReadonlyMap<string, object>>> = {
  scenario: scenarios,
  fault: faults,
  check: checks,
};
const kinds = Object.keys(of) as EntryKind[];

describe.each(kinds)("a file of one's own that should be a %s", (kind) => {
  test("may be any that there is, and none of another kind", () => {
    for (const other of kinds) {
      for (const [name, entry] of of[other]) {
        const wrong = wrongInEntry(kind, entry);
        if (other === kind) expect(wrong, name).toBeUndefined();
        else expect(wrong, name).toEqual(expect.any(String));
      }
    }
  });

  test("is said to be none where it exports nothing, or half", () => {
    expect(wrongInEntry(kind, undefined)).toMatch(/^default export: /);
    expect(wrongInEntry(kind, { name: "half" })).toMatch(/^\w+: /);
  });
});
