import { expect, test } from "vitest";
import { proxiesFor } from "./toxiproxy-process.ts";

test("H1: 15,000 clients of three instances need three Toxiproxies where a process may open 20,000 files", () => {
  expect(proxiesFor(15_000, 3, 20_000)).toBe(3);
  // however many clients: the links of one instance stay together
  expect(proxiesFor(60_000, 3, 20_000)).toBe(3);
});

test("one is enough for most runs, and where nothing limits it", () => {
  expect(proxiesFor(60, 3, 1_024)).toBe(1);
  expect(proxiesFor(7_000, 3, 20_000)).toBe(1);
  expect(proxiesFor(7_001, 3, 20_000)).toBe(2);
  expect(proxiesFor(15_000, 3, Number.POSITIVE_INFINITY)).toBe(1);
});
