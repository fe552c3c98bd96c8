import type { Examiner } from "./examiner.ts";

/** Often enough to see when it changed, and no load. */
const LOOK_EVERY_MS = 250;

type Clock = Pick<Examiner, "nowMs" | "sleep">;

/** Looks until what it sees is so, or for so long: the last that it saw, so or not. Rejects when a look does. */
export async function lookUntil<T>(
  examiner: Clock,
  look: () => Promise<T> | T,
  isSo: (seen: T) => boolean,
  withinMs: number,
): Promise<T> {
  const untilMs = examiner.nowMs() + withinMs;
  for (;;) {
    const seen = await look();
    if (isSo(seen) || examiner.nowMs() >= untilMs) return seen;
    await examiner.sleep(LOOK_EVERY_MS);
  }
}

/**
 * Looks until it is so, or for so long; says whether it came to be so. `look` may reject (an instance that is being
 * killed): then it is not so yet.
 */
export function eventually(
  examiner: Clock,
  look: () => Promise<boolean> | boolean,
  withinMs: number,
): Promise<boolean> {
  const lookAgain = () => Promise.resolve(look()).catch(() => false);
  return lookUntil(examiner, lookAgain, (isSo) => isSo, withinMs);
}

/**
 * The parts of one exam beside each other. An exam that is over loses its connections, so one part that fails waits
 * for the others. Rejects with the first failure.
 */
export async function beside(...parts: readonly Promise<void>[]): Promise<void> {
  const ended = await Promise.allSettled(parts);
  for (const part of ended) if (part.status === "rejected") throw part.reason;
}
