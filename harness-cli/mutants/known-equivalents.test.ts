import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { isKnown, KNOWN_EQUIVALENTS, staleIn } from "./known-equivalents.ts";
import { mutantsOf } from "./mutate.ts";

const root = path.resolve(import.meta.dirname, "../..");

test("issue 8, show 3: every known equivalent is still a mutant of its file, and says why it changes nothing", async () => {
  const files = [...new Set(KNOWN_EQUIVALENTS.map(({ file }) => file))];
  for (const file of files) {
    const mutants = mutantsOf(await readFile(path.join(root, file), "utf8"));
    expect(staleIn(file, mutants)).toEqual([]);
  }
  for (const { becomes, because } of KNOWN_EQUIVALENTS) expect(because.length, becomes).toBeGreaterThan(30);
});

test("an entry is found by what its line becomes, wherever the line went; one without a mutant is stale", () => {
  const known = [{ file: "a.ts", becomes: "if (a < b) go();", because: "a is never b" }];
  const source = "if (a <= b) go();";
  for (const text of [source, `{\n  ${source}\n}`]) {
    const mutants = mutantsOf(text);
    expect(mutants.map((mutant) => isKnown("a.ts", mutant, known))).toEqual([true, false]);
    expect(mutants.some((mutant) => isKnown("b.ts", mutant, known))).toBe(false);
    expect(staleIn("a.ts", mutants, known)).toEqual([]);
  }
  const stale = "a.ts: known as equivalent, but 0 mutants read: if (a < b) go();";
  expect(staleIn("a.ts", mutantsOf("if (a <= c) go();"), known)).toEqual([stale]);
});

test("an entry that two lines read like is stale: it would excuse one of them by the other", () => {
  const known = [{ file: "a.ts", becomes: "if (a < b) go();", because: "a is never b" }];
  const mutants = mutantsOf("if (a <= b) go();\nif (a <= b) go();");
  expect(staleIn("a.ts", mutants, known)).toHaveLength(1);
});
