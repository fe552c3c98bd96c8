import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Story } from "../testing/story.ts";
import { runFiles } from "./run-dir.ts";
import { openRecord, RecordFull } from "./writer.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "seaworthy-writer-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const { plan } = new Story().record();
const read = (name: string): string => readFileSync(path.join(dir, name), "utf8");
const planned = { kind: "run", atMs: -5, what: "planned" } as const;

test("every line is in the file when the call returns", () => {
  const record = openRecord(dir, plan);
  record.history(planned);
  expect(read(runFiles.history)).toBe(`${JSON.stringify(planned)}\n`);
  record.telemetry({ type: "bye", vu: 1, atMs: 9, abandoned: 0 });
  expect(read(runFiles.ledger)).toBe('{"type":"bye","vu":1,"atMs":9,"abandoned":0}\n');
  expect(JSON.parse(read(runFiles.plan))).toEqual(plan);
  record.close();
});

test("closing writes the last event, once; later lines go nowhere", () => {
  const record = openRecord(dir, plan);
  const ended = { kind: "run", atMs: 9, what: "ended", ended: { how: "completed" } } as const;
  record.close(ended);
  record.close(ended);
  record.history(planned);
  expect(read(runFiles.history)).toBe(`${JSON.stringify(ended)}\n`);
  expect(existsSync(path.join(dir, ".reserve"))).toBe(false);
});

test("a record that is opened again goes on where it ended", () => {
  openRecord(dir, plan).close(planned);
  openRecord(dir, plan).close(planned);
  expect(read(runFiles.history).split("\n")).toHaveLength(3);
});

// Linux answers every write to /dev/full with ENOSPC.
const hasFullDevice = existsSync("/dev/full");

test.runIf(hasFullDevice)(
  "a full disk: `full` rejects, nobody is thrown at, the history goes on",
  async () => {
    mkdirSync(path.join(dir, runFiles.logs));
    symlinkSync("/dev/full", path.join(dir, runFiles.ledger));
    const record = openRecord(dir, plan);
    record.history(planned);
    expect(existsSync(path.join(dir, ".reserve"))).toBe(true);
    record.telemetry({ type: "bye", vu: 1, atMs: 9, abandoned: 0 });
    await expect(record.full).rejects.toThrow(RecordFull);
    await expect(record.full).rejects.toThrow("the disk is full: ledger.jsonl cannot grow");
    expect(existsSync(path.join(dir, ".reserve"))).toBe(false);
    record.close(planned);
    expect(read(runFiles.history).trim().split("\n")).toHaveLength(2);
    unlinkSync(path.join(dir, runFiles.ledger));
  },
);

test.runIf(hasFullDevice)("a disk that is full from the start is RecordFull at once", () => {
  symlinkSync("/dev/full", path.join(dir, runFiles.plan));
  expect(() => openRecord(dir, plan)).toThrow(RecordFull);
  unlinkSync(path.join(dir, runFiles.plan));
});

test("a folder that cannot be written is the system's own error", () => {
  writeFileSync(path.join(dir, "file"), "");
  expect(() => openRecord(path.join(dir, "file", "run"), plan)).toThrow(/ENOTDIR/);
});
