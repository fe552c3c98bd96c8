import type { Examiner } from "./examiner.ts";

/** Often enough to see when it changed, and no load. */
const LOOK_EVERY_MS = 250;

/**
 * Looks until it is so, or for so long; says whether it came to be so. `look` may reject (an instance that is being
 * killed): then it is not so yet.
 */
export async function eventually(
  examiner: Examiner,
  look: () => Promise<boolean> | boolean,
  withinMs: number,
): Promise<boolean> {
  const untilMs = examiner.nowMs() + withinMs;
  for (;;) {
    if (await Promise.resolve(look()).catch(() => false)) return true;
    if (examiner.nowMs() >= untilMs) return false;
    await examiner.sleep(LOOK_EVERY_MS);
  }
}

/**
 * The parts of one exam beside each other. An exam that is over loses its connections, so one part that fails waits
 * for the others. Rejects with the first failure.
 */
export async function beside(...parts: readonly Promise<void>[]): Promise<void> {
  const ended = await Promise.allSettled(parts);
  for (const part of ended) if (part.status === "rejected") throw part.reason;
}
