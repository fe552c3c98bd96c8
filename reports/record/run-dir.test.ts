import { lstat, mkdtemp, readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Story } from "../testing/story.ts";
import { createRunDir, pointLatestAt, resolveRunDir, runId } from "./run-dir.ts";

let runs: string;
beforeEach(async () => {
  runs = path.join(await mkdtemp(path.join(tmpdir(), "seaworthy-runs-")), "runs");
});
afterEach(() => rm(path.dirname(runs), { recursive: true }));

const { plan } = new Story().record();
const at = Date.UTC(2026, 10, 22, 7, 5, 11, 900);

test("an id sorts by time and says what ran", () => {
  expect(runId(at, "ramp", "3f2a")).toBe("2026-11-22T07-05-11-ramp-3f2a");
  expect(runId(at, "./own/My Scenario!.ts", "3f2a")).toBe("2026-11-22T07-05-11-my-scenario-3f2a");
  expect(runId(at, "../..", "3f2a")).toBe("2026-11-22T07-05-11-run-3f2a");
});

test("runs that start in the same second get folders of their own, with logs", async () => {
  const dirs = await Promise.all(Array.from({ length: 20 }, () => createRunDir(runs, plan, at)));
  expect(new Set(dirs).size).toBe(20);
  for (const dir of dirs) expect((await stat(path.join(dir, "logs"))).isDirectory()).toBe(true);
});

test("latest is a relative link that moves on, and nothing is left beside it", async () => {
  const [first, second] = [await createRunDir(runs, plan, at), await createRunDir(runs, plan, at + 5_000)];
  await pointLatestAt(runs, first);
  await pointLatestAt(runs, second);
  const latest = path.join(runs, "latest");
  expect(await readlink(latest)).toBe(path.basename(second));
  expect(await resolveRunDir(latest)).toBe(latest);
  expect((await readdir(runs)).length).toBe(3);
});

test("where links are impossible latest is a text file with the name, and is followed", async () => {
  const dir = await createRunDir(runs, plan, at);
  const impossible = () => Promise.reject(Object.assign(new Error("no links"), { code: "EPERM" }));
  await pointLatestAt(runs, dir, impossible);
  const latest = path.join(runs, "latest");
  expect((await lstat(latest)).isFile()).toBe(true);
  expect(await readFile(latest, "utf8")).toBe(`${path.basename(dir)}\n`);
  expect(await resolveRunDir(latest)).toBe(dir);
});

test("two runs that end together leave one latest, whole", async () => {
  const dirs = await Promise.all([0, 1, 2, 3].map(() => createRunDir(runs, plan, at)));
  await Promise.all(dirs.map((dir) => pointLatestAt(runs, dir)));
  const target = await readlink(path.join(runs, "latest"));
  expect(dirs.map((dir) => path.basename(dir))).toContain(target);
  expect((await readdir(runs)).length).toBe(5);
});
