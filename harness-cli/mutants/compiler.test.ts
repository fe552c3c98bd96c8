import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { compilerFor } from "./compiler.ts";

const root = path.resolve(import.meta.dirname, "../..");

test("a clause that only narrows a type cannot be dropped: the compiler refuses the rest, and takes the file as it is", async () => {
  await using compiler = await compilerFor(root);
  const file = "scenarios/model/round-ms.ts";
  const own = await readFile(path.join(root, file), "utf8");
  expect(await compiler.accepts(file, own)).toBe(true);
  const narrowed = (condition: string) =>
    `${own}\nexport const of = (n?: number): number => (${condition} ? n : 0);\n`;
  expect(await compiler.accepts(file, narrowed("n !== undefined && n > 1"))).toBe(true);
  expect(await compiler.accepts(file, narrowed("n > 1"))).toBe(false);
  expect(await compiler.accepts(file, own)).toBe(true);
});
