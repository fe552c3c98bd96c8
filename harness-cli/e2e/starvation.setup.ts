/**
 * Rule 6 for our own tests: while the hypervisor gives our CPU to others, a test that works with time says nothing,
 * neither good nor bad. One that fails in such a second is skipped, with the share and with what failed; where the
 * CPU is ours a failure is a failure.
 */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { type CpuTimes, parseCpuTimes } from "../target/proc-files.ts";

/** Of one second. A quiet machine of this kind shows up to a tenth. */
const STARVED_SHARE = 0.25;

/** A share of fewer ticks (a quarter of a second on two cores) is noise. */
const FEWEST_TICKS = 50;

/** The worst second since the test began. */
let worstShare = 0;
let last: CpuTimes | undefined;
let watch: NodeJS.Timeout | undefined;

beforeAll(() => {
  last = cpuTimes();
  watch = setInterval(look, 1_000).unref();
});
afterAll(() => clearInterval(watch));

beforeEach(() => {
  look();
  worstShare = 0;
});

afterEach(({ task, skip }) => {
  look();
  const failure = task.result?.errors?.[0]?.message;
  if (failure === undefined || worstShare < STARVED_SHARE) return;
  const why = `the hypervisor took ${Math.round(worstShare * 100)} % of the CPU in a second of it`;
  console.warn(`skipped: ${task.name}: ${why}: ${failure}`);
  skip(why);
});

function look(): void {
  const now = cpuTimes();
  if (!last || !now) return;
  const ticks = now.total - last.total;
  if (ticks < FEWEST_TICKS) return;
  worstShare = Math.max(worstShare, (now.stolen - last.stolen) / ticks);
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
