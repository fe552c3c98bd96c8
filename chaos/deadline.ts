import { setTimeout as wait } from "node:timers/promises";

/** A promise that did not settle in its time. Whatever it was waiting for may still happen. */
export class DeadlinePassed extends Error {
  override readonly name = "DeadlinePassed";
}

/** The promise's own result, or `DeadlinePassed` after `deadlineMs`. A result that comes later is dropped. */
export async function within<T>(deadlineMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new DeadlinePassed(`${what} took longer than ${Math.round(deadlineMs)} ms`)),
      Math.max(0, deadlineMs),
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export interface Asking {
  readonly what: string;
  /** A rejection counts as "not yet"; its text is kept for the answer. */
  ask(): Promise<boolean>;
  /** Monotonic time (`performance.now()`) until which to ask; read again each time, since it may move. */
  untilMs(): number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly yes: boolean;
  /** Why not, as far as it is known. */
  readonly why?: string;
}

/** Asks until yes, until the deadline or until the signal. Asks at least once unless the signal was first. */
export async function askUntil(asking: Asking): Promise<Answer> {
  const { what, ask, untilMs, everyMs = 50, signal } = asking;
  let why = `${what}: no`;
  while (!signal?.aborted) {
    try {
      if (await within(Math.max(everyMs, untilMs() - performance.now()), what, ask())) return { yes: true };
      why = `${what}: no`;
    } catch (error) {
      why = messageOf(error);
    }
    if (performance.now() >= untilMs()) return { yes: false, why };
    await wait(everyMs, undefined, signal ? { signal } : {}).catch(() => {});
  }
  return { yes: false, why: "interrupted" };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
