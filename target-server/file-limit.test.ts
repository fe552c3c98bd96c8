import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { openFilesMax } from "./file-limit.ts";
import { healthy } from "./policies.ts";

const folder = mkdtempSync(path.join(tmpdir(), "seaworthy-file-limit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const limits = (soft: string) => {
  const file = path.join(folder, soft);
  writeFileSync(
    file,
    `Limit                     Soft Limit           Hard Limit           Units
Max processes             63704                63704                processes
Max open files            ${soft.padEnd(21)}1048576              files
`,
  );
  return file;
};

test.runIf(process.platform === "linux")("A10: the limit of this process is known", () => {
  expect(openFilesMax()).toBeGreaterThan(0);
});

test("A10: the soft limit counts; where there is no /proc, nothing is said", () => {
  expect(openFilesMax(limits("1024"))).toBe(1024);
  expect(openFilesMax(limits("unlimited"))).toBe(Number.POSITIVE_INFINITY);
  expect(openFilesMax(path.join(folder, "none"))).toBeUndefined();
});

test("B124: too few files are too few to start with", () => {
  expect(healthy.enoughFiles(1_024, 4_096)).toBe(false);
  expect(healthy.enoughFiles(4_096, 4_096)).toBe(true);
});
