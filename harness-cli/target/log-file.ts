import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";

const LINES_MAX = 20;
const TAIL_BYTES_MAX = 8_192;

/** In bytes; 0 when it is not there yet. */
export function fileSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** The last lines of a log, at most 20 and 8 KB, and none from before byte `from`. Empty if it cannot be read. */
export function lastLinesOf(file: string, from = 0): readonly string[] {
  let handle: number | undefined;
  try {
    handle = openSync(file, "r");
    const { size } = fstatSync(handle);
    const start = Math.max(from, size - TAIL_BYTES_MAX);
    const bytes = Buffer.alloc(Math.max(0, size - start));
    const read = readSync(handle, bytes, 0, bytes.length, start);
    const lines = bytes.toString("utf8", 0, read).trimEnd().split("\n");
    if (start > from && lines.length > 1) lines.shift(); // cut in its middle
    return lines.filter((line) => line !== "").slice(-LINES_MAX);
  } catch {
    return [];
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
