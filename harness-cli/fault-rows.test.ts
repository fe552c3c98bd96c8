import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadCatalog } from "./catalog.ts";
import { faultRows } from "./fault-rows.ts";

const root = path.resolve(import.meta.dirname, "..");
const faults = [...(await loadCatalog()).faults.values()];

test("all of E1 to E68 are there, once, in order", () => {
  expect(faultRows.map((row) => row.id)).toEqual(Array.from({ length: 68 }, (_, n) => `E${n + 1}`));
});

test("every fault names rows that there are", () => {
  const ids = new Set<string>(faultRows.map((row) => row.id));
  expect(faults.flatMap((fault) => fault.requirement).filter((id) => !ids.has(id))).toEqual([]);
});

describe.each(faultRows.map((row) => [row.id, row] as const))("%s", (id, row) => {
  test("is built by a fault, lives somewhere, or says why not", () => {
    const by = faults.filter((fault) => fault.requirement.includes(id)).map((fault) => fault.name);
    expect([...by, row.lives, row.why].filter(Boolean)).not.toEqual([]);
    if (row.file !== undefined) expect(existsSync(path.join(root, row.file)), row.file).toBe(true);
    if (row.test === undefined) return;
    expect(row.test.title).toMatch(new RegExp(`\\b${id}\\b`));
    expect(readFileSync(path.join(root, row.test.file), "utf8")).toContain(`"${row.test.title}"`);
  });
});
