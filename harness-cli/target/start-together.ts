import { howItEnded, type ProcessNews, StartFailed } from "./process-port.ts";

/**
 * While the target comes up the bring-up itself answers for every exit: it fails at once, or tries again with other
 * ports. So none of them is news that the target broke.
 */
export function watchStart(onEvent: (event: ProcessNews) => void, logFile: (name: string) => string) {
  const died = Promise.withResolvers<never>();
  died.promise.catch(() => {});
  let isUp = false;
  return {
    died: died.promise,
    over() {
      isUp = true;
    },
    onEvent(event: ProcessNews) {
      if (isUp || event.what !== "exited" || event.expected) return onEvent(event);
      onEvent({ ...event, expected: true });
      const { name, lastLines = [] } = event;
      died.reject(new StartFailed(`${name} ${howItEnded(event)} at its start`, lastLines, logFile(name)));
    },
  };
}

/** Waits for all, also when one fails, so that nothing is started behind the back of the clean-up. */
export async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

export async function unlessAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    work.catch(() => {});
  }
}
