import { describe, expect, test } from "vitest";
import { type ProgressEvent, progressOn } from "./progress.ts";

const doing = "building k6 2.2.0 (once)";
const running = (elapsedMs: number): ProgressEvent => ({ kind: "running", tool: "k6", doing, elapsedMs });

function written(isTTY: boolean, events: readonly ProgressEvent[]): string {
  let text = "";
  const progress = progressOn({ write: (more) => (text += more), isTTY });
  for (const event of events) progress(event);
  return text;
}

describe("progress for people", () => {
  test("in a log: a line at the start, each ten seconds and at the end", () => {
    const seconds = Array.from({ length: 25 }, (_, index) => running((index + 1) * 1_000));
    const end: ProgressEvent = { kind: "done", tool: "k6", doing, elapsedMs: 25_400 };
    expect(written(false, [{ kind: "started", tool: "k6", doing }, ...seconds, end]).split("\n")).toEqual([
      `${doing} …`,
      `${doing} … 10 s`,
      `${doing} … 20 s`,
      `${doing} … 25 s done`,
      "",
    ]);
  });

  test("on a terminal: one line that is written over, and a new line only at the end", () => {
    const failed: ProgressEvent = { kind: "failed", tool: "k6", doing, elapsedMs: 2_000, why: "no Go" };
    const text = written(true, [{ kind: "started", tool: "k6", doing }, running(1_000), failed]);
    expect(text).toBe(`\r\x1b[2K${doing} …\r\x1b[2K${doing} … 1 s\r\x1b[2K${doing} … 2 s failed: no Go\n`);
  });
});
