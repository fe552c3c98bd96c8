import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { PAGE, render } from "./reference-server.ts";
import { requirementRows } from "./reference-server-rows.ts";

const root = path.resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

/** `A121–A125` names all five. */
function names(title: string, id: string): boolean {
  const number = Number(id.slice(1));
  const ranges = [...title.matchAll(/\bA(\d+)–A(\d+)\b/g)];
  return (
    new RegExp(`\\b${id}\\b`).test(title) ||
    ranges.some(([, from, to]) => Number(from) <= number && number <= Number(to))
  );
}

test("all of A1 to A144 are there, once, in order", () => {
  expect(requirementRows.map((row) => row.id)).toEqual(Array.from({ length: 144 }, (_, n) => `A${n + 1}`));
});

describe.each(requirementRows.map((row) => [row.id, row] as const))("%s", (id, row) => {
  test(`is ${row.state}, and that holds`, () => {
    if (row.state !== "built") expect(row.why).toBeTruthy();
    if (row.state === "built") expect([row.file, row.test]).not.toContain(undefined);
    if (row.file !== undefined) expect(existsSync(path.join(root, row.file))).toBe(true);
    if (row.test === undefined) return;
    expect(read(row.test.file)).toContain(`"${row.test.title}"`);
    if (row.state === "built") expect(names(row.test.title, id), row.test.title).toBe(true);
  });
});

test("docs/reference-server.md is fresh: node harness-cli/docs/reference-server.ts", () => {
  expect(readFileSync(PAGE, "utf8")).toBe(render(requirementRows));
});
