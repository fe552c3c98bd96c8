import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Story } from "../testing/story.ts";
import { assemble, type RecordLines } from "./assemble.ts";
import { NoRecord, readRecord } from "./reader.ts";
import { runFiles } from "./run-dir.ts";
import { openRecord } from "./writer.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "seaworthy-record-"));
});
afterEach(() => rm(dir, { recursive: true }));

function whole(): RecordLines {
  const story = new Story().fault("kill", "server-2", 8_000, 10_000).fitGenerator().stored([1, 0, 2]);
  const subscription = story.join(1, "ä", 1_000);
  story.send(1, 0, "ä", 3_000).receive(subscription, 1, 0, 0, 3_000).machine(4_000).leave(1);
  return story.lines();
}

function write(lines: RecordLines): void {
  const writer = openRecord(dir, lines.plan);
  for (const event of lines.history) writer.history(event);
  for (const line of lines.ledger) writer.telemetry(line);
  for (const sample of lines.samples) writer.sample(sample);
  if (lines.audit) writer.audit(lines.audit);
  writer.close();
}

const inDir = (name: string): string => path.join(dir, name);

test("what is written is what is read", async () => {
  const lines = whole();
  write(lines);
  expect(await readRecord(dir)).toEqual(assemble(lines));
});

test("rule 2: a ledger cut at any byte still gives a record, without inventing anything", async () => {
  const lines = whole();
  write(lines);
  const bytes = await readFile(inDir(runFiles.ledger));
  const { ledger } = await readRecord(dir);
  const cuts = [
    0,
    1,
    bytes.length - 1,
    ...Array.from({ length: 60 }, (_, i) => Math.floor((bytes.length * i) / 60)),
  ];
  for (const cut of cuts) {
    await writeFile(inDir(runFiles.ledger), bytes.subarray(0, cut));
    const torn = await readRecord(dir);
    expect(torn.ledger.flushTimes.get(1) ?? []).toEqual(
      ledger.flushTimes.get(1)?.slice(0, torn.ledger.flushTimes.get(1)?.length ?? 0),
    );
    expect(torn.torn, `cut at ${cut}`).not.toEqual([]);
  }
});

test("rule 2: samples whose line to go on from is torn out are named, until the next full one", async () => {
  const story = new Story();
  for (let atMs = 1_000; atMs <= 20_000; atMs += 1_000) story.server(atMs, "server-1", { a: atMs, b: 1 });
  write(story.lines());
  const lines = (await readFile(inDir(runFiles.samples), "utf8")).split("\n");
  expect(lines.filter((line) => line.includes('"series"'))).toHaveLength(1);
  await writeFile(inDir(runFiles.samples), lines.toSpliced(2, 1, "garbage").join("\n"));
  const { samples, torn } = await readRecord(dir);
  expect(samples.servers.map(({ atMs, series }) => [atMs, series])).toEqual([
    [1_000, { a: 1_000, b: 1 }],
    [2_000, { a: 2_000, b: 1 }],
  ]);
  expect(torn).toHaveLength(18);
  expect(torn).toContain("samples.jsonl: line 3 is unreadable");
  expect(torn).toContain("samples.jsonl: line 4 goes on from a line that is not there");
});

test("samples of a version that wrote every line in full are read as they are", async () => {
  const story = new Story();
  for (let atMs = 1_000; atMs <= 3_000; atMs += 1_000) story.server(atMs, "server-1", { a: atMs, b: 1 });
  const lines = story.lines();
  write(lines);
  const thinned = await readRecord(dir);
  await writeFile(inDir(runFiles.samples), lines.samples.map((line) => `${JSON.stringify(line)}\n`).join(""));
  expect(await readRecord(dir)).toEqual(thinned);
});

test("a ledger of garbage: what is wrong is said, so many times as helps, and what is good is kept", async () => {
  write(whole());
  const good = await readFile(inDir(runFiles.ledger), "utf8");
  const [, flush] = good.split("\n");
  const bad = [
    "\u0000\u0001\u0002",
    '{"type":"flush"}',
    flush?.replace('"received":[', '"received":[null],"x":['),
    flush?.replace('"sequence":0', '"sequence":9007199254740993'),
    '{"type":"constructor","vu":1}',
    ...Array(40).fill("x".repeat(300_000)),
  ];
  const before = await readRecord(dir);
  await writeFile(inDir(runFiles.ledger), `${bad.join("\n")}\n${good}`);
  const record = await readRecord(dir);
  expect(record.ledger).toEqual(before.ledger);
  expect(record.torn).toHaveLength(21);
  expect(record.torn).toContain("ledger.jsonl: line 3 is no report of the load: flush with a bad received");
  expect(record.torn).toContain("ledger.jsonl: 25 more lines are unreadable");
});

test("a cut last line is left out even where it still parses", async () => {
  write(whole());
  await appendFile(inDir(runFiles.samples), '{"kind":"machine","atMs":5}');
  const record = await readRecord(dir);
  expect(record.torn).toEqual(["samples.jsonl: the last line is cut off"]);
  expect(record.samples.machine).toHaveLength(1);
});

test("unreadable lines in the middle are named, and what is around them is kept", async () => {
  write(whole());
  const [first, ...rest] = (await readFile(inDir(runFiles.history), "utf8")).split("\n");
  await writeFile(
    inDir(runFiles.history),
    [first, "\u0000\u0000{", '{"kind":"run"}', "[]", ...rest].join("\n"),
  );
  const record = await readRecord(dir);
  expect(record.torn).toEqual([
    "history.jsonl: line 2 is unreadable",
    "history.jsonl: line 3 is unreadable",
    "history.jsonl: line 4 is unreadable",
  ]);
  expect(record.ended).toEqual({ how: "completed" });
});

test("a missing file is missing from the record, not from the reading", async () => {
  write(whole());
  for (const name of [runFiles.history, runFiles.ledger, runFiles.samples]) await rm(inDir(name));
  const record = await readRecord(dir);
  expect(record.torn).toEqual(
    expect.arrayContaining([
      "history.jsonl is missing",
      "ledger.jsonl is missing",
      "samples.jsonl is missing",
    ]),
  );
  expect(record.ended).toEqual({ how: "torn" });
  await rm(inDir(runFiles.audit));
  expect((await readRecord(dir)).audit).toBeUndefined();
});

test("without a plan of this format there is no record", async () => {
  await expect(readRecord(inDir("nowhere"))).rejects.toThrow(NoRecord);
  await expect(readRecord(dir)).rejects.toThrow(/plan\.json is missing/);
  await writeFile(inDir(runFiles.plan), '{"format":2}');
  await expect(readRecord(dir)).rejects.toThrow(/of format 2, not 1/);
  await truncate(inDir(runFiles.plan), 5);
  await expect(readRecord(dir)).rejects.toThrow(/plan\.json cannot be read/);
  await writeFile(inDir(runFiles.plan), "null");
  await expect(readRecord(dir)).rejects.toThrow(NoRecord);
});
