/**
 * Rule 6 for our own tests: while the hypervisor gives our CPU to others, a test that works with time says nothing,
 * neither good nor bad. One that says of itself that it does (`{ tags: "timed" }` on the test or its `describe`, or
 * `// @module-tag timed` for a whole file) and fails in such a second is skipped, with the share and with what failed;
 * so is one that vitest gave up waiting for, and any while the machine all but stands still. Every other failure is a
 * failure, and so is each where the CPU is ours.
 * What a `beforeAll` made is not covered: who looks at it looks later.
 */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { type CpuTimes, parseCpuTimes } from "../target/proc-files.ts";
import { excuse } from "./starvation.ts";

/** A share of fewer ticks (a quarter of a second on two cores) is noise. */
const FEWEST_TICKS = 50;

/** The seconds of this file, by their ends on the monotonic clock, ms. */
const seconds: { readonly endMs: number; readonly stolenShare: number }[] = [];
/** Tests of one file may run at the same time: when each began, by its id. */
const begunMs = new Map<string, number>();
let last: CpuTimes | undefined;
let watch: NodeJS.Timeout | undefined;

beforeAll(() => {
  last = cpuTimes();
  watch = setInterval(look, 1_000).unref();
});
afterAll(() => clearInterval(watch));

beforeEach(({ task }) => {
  look();
  begunMs.set(task.id, performance.now());
});

afterEach(({ task, skip }) => {
  look();
  const fromMs = begunMs.get(task.id) ?? Number.POSITIVE_INFINITY;
  const messages = task.result?.errors?.map(({ message }) => message) ?? [];
  if (messages.length === 0) return;
  const shares = seconds.filter(({ endMs }) => endMs > fromMs).map(({ stolenShare }) => stolenShare);
  const why = excuse({ tags: task.tags ?? [], messages, stolenShare: Math.max(0, ...shares) });
  if (why === undefined) return;
  console.warn(`skipped: ${task.name}: ${why}: ${messages[0]}`);
  skip(why);
});

function look(): void {
  const now = cpuTimes();
  if (!last || !now) return;
  const ticks = now.total - last.total;
  if (ticks < FEWEST_TICKS) return;
  seconds.push({ endMs: performance.now(), stolenShare: (now.stolen - last.stolen) / ticks });
  last = now;
}

/** Undefined where there is no /proc: then no failure is ever excused. */
function cpuTimes(): CpuTimes | undefined {
  try {
    return parseCpuTimes(readFileSync("/proc/stat", "utf8"));
  } catch {
    return undefined;
  }
}
