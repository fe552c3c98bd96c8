import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { soon } from "./fixtures/fault-trial.ts";
import { startTimeOf } from "./start-time.ts";

const harness = fileURLToPath(new URL("./fixtures/frozen-harness.ts", import.meta.url));

let runDir: string;
beforeAll(async () => {
  runDir = await mkdtemp(path.join(os.tmpdir(), "seaworthy-run-"));
});
afterAll(() => rm(runDir, { recursive: true, force: true }));

test("E14, E16, E22: a harness that dies by kill -9 leaves nothing frozen, starved or promoted behind", async () => {
  const child = spawn(process.execPath, [harness, runDir], { stdio: ["ignore", "pipe", "inherit"] });
  const said = JSON.parse(await text(child.stdout)) as { pids: number[]; frozen: string[] };
  expect(said.frozen).toEqual(["redis", "postgres"]);
  // The server, Redis and its replica, Toxiproxy, the watchdog; Postgres with its own processes and two or more backends.
  expect(said.pids.length).toBeGreaterThan(10);
  await soon("everything is gone", () => said.pids.every((pid) => startTimeOf(pid) === undefined));
  expect(await readFile(path.join(runDir, "logs", "watchdog.log"), "utf8")).toContain("done");
});
