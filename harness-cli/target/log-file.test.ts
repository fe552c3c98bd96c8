import { appendFile, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileSize, lastLinesOf } from "./log-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "seaworthy-log-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("at most 20 of the last lines, whole ones", async () => {
  const file = path.join(folder, "long.log");
  await appendFile(file, Array.from({ length: 2_000 }, (_, i) => `line ${i}\n`).join(""));
  const lines = lastLinesOf(file);
  expect(lines).toHaveLength(20);
  expect(lines.at(-1)).toBe("line 1999");
});

test("a log of one enormous line gives its end, not everything", async () => {
  const file = path.join(folder, "wide.log");
  await appendFile(file, "x".repeat(1_000_000));
  expect(lastLinesOf(file).join("").length).toBeLessThanOrEqual(8_192);
});

test("only what was written since a start counts", async () => {
  const file = path.join(folder, "restarted.log");
  await appendFile(file, "first life\n");
  const from = fileSize(file);
  await appendFile(file, "second life\n");
  expect(lastLinesOf(file, from)).toEqual(["second life"]);
});

test("a log that is not there has no lines and no size", () => {
  expect(lastLinesOf(path.join(folder, "none"))).toEqual([]);
  expect(fileSize(path.join(folder, "none"))).toBe(0);
});
