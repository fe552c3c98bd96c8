import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readRecord } from "./reader.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "seaworthy-killed-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const writerUrl = new URL("./writer.ts", import.meta.url).href;
const storyUrl = new URL("../testing/story.ts", import.meta.url).href;

function script(source: string): string {
  const file = path.join(dir, "script.ts");
  writeFileSync(file, source);
  return file;
}

test("rule 2: a kill -9 loses no line that was told to the record", async () => {
  const file = script(`
    import { openRecord } from ${JSON.stringify(writerUrl)};
    import { Story } from ${JSON.stringify(storyUrl)};
    import { writeSync } from "node:fs";
    const lines = new Story().fitGenerator().lines();
    const record = openRecord(process.argv[2], lines.plan);
    const flush = lines.ledger.find((line) => line.type === "flush");
    for (let sequence = 0; ; sequence++) {
      record.telemetry({ ...flush, sequence, atMs: sequence + 1 });
      writeSync(1, sequence + "\\n");
    }`);
  const child = spawn(process.execPath, [file, path.join(dir, "run")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let told = -1;
  for await (const line of createInterface({ input: child.stdout })) {
    told = Number(line);
    if (told === 500) child.kill("SIGKILL");
  }
  expect(told).toBeGreaterThanOrEqual(500);
  const record = await readRecord(path.join(dir, "run"));
  expect(record.ledger.flushTimes.get(1)?.length).toBeGreaterThan(told);
  expect(record.ledger.holes).toEqual([]);
  expect(record.ended).toEqual({ how: "torn" });
});

/** A file system of 3 MB of its own needs a mount; without the right to that, only /dev/full can tell (unit test). */
function canMount(): boolean {
  try {
    execFileSync(
      "unshare",
      ["--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
      {
        stdio: "ignore",
      },
    );
    return true;
  } catch {
    return false;
  }
}

test.runIf(canMount())(
  "a disk that really fills up: whole lines only, and the end of the run still fits",
  async () => {
    const out = path.join(dir, "out");
    const file = script(`
    import { cpSync, mkdirSync, writeFileSync } from "node:fs";
    import { execFileSync } from "node:child_process";
    import { openRecord } from ${JSON.stringify(writerUrl)};
    import { Story } from ${JSON.stringify(storyUrl)};
    const [, , disk, out] = process.argv;
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "none", disk]);
    const lines = new Story().lines();
    const record = openRecord(disk + "/run", lines.plan);
    let full = false;
    record.full.catch(() => { full = true; });
    const flush = lines.ledger.find((line) => line.type === "flush");
    for (let sequence = 0; !full; sequence++) {
      record.telemetry({ ...flush, sequence, atMs: sequence + 1 });
      if (sequence % 100 === 0) await null;
    }
    const ended = { how: "failed", code: "SW_DISK_FULL", message: "full" };
    record.close({ kind: "run", atMs: 9, what: "ended", ended });
    writeFileSync(disk + "/run/verdict.json", "x".repeat(200_000));
    cpSync(disk + "/run", out, { recursive: true });`);
    // The mount lives in a namespace of its own and goes with it.
    const unshared = [
      "--user",
      "--map-root-user",
      "--mount",
      process.execPath,
      file,
      path.join(dir, "disk"),
      out,
    ];
    execFileSync("unshare", unshared, { stdio: "inherit" });
    expect(existsSync(path.join(out, "verdict.json"))).toBe(true);
    expect(readdirSync(out)).not.toContain(".reserve");
    expect(readFileSync(path.join(out, "ledger.jsonl"), "utf8").endsWith("}\n")).toBe(true);
    const record = await readRecord(out);
    expect(record.ended).toMatchObject({ how: "failed", code: "SW_DISK_FULL" });
    expect(record.ledger.flushTimes.get(1)?.length).toBeGreaterThan(1_000);
    expect(record.ledger.holes).toEqual([]);
    expect(record.torn).toEqual([]);
  },
);
