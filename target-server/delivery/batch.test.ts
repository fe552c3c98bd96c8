import { expect, test } from "vitest";
import { nextBatch } from "./batch.ts";

const messages = (count: number, chars: number, of = "x") =>
  Array.from({ length: count }, () => ({ payload: of.repeat(chars) }));

test.each<[string, ReturnType<typeof messages>, number]>([
  ["nothing", [], 0],
  ["small ones: 64 at a time", messages(100, 10), 64],
  ["fewer than that: all", messages(63, 10), 63],
  ["exactly 64 KB", messages(3, 32_768), 2],
  ["bytes count, not characters", messages(3, 32_768, "é"), 1],
  ["large ones: by their bytes", messages(11, 50_000), 1],
  ["one that is too large by itself", messages(2, 100_000), 1],
])("A66: what is sent again at once, %s", (_what, waiting, count) => {
  expect(nextBatch(waiting).length).toBe(count);
});
