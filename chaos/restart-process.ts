import type { Process } from "./topology.ts";

const KILLED_WITHIN_MS = 3_000;
const ANSWER_DEADLINE_MS = 1_000;

/** What each process was before its last restart. */
const formerPids = new WeakMap<Process, number>();

/**
 * A planned restart in the background: SIGTERM, SIGKILL after `graceMs`, and started again at once. The undo waits for
 * it and starts what did not come back by itself; it may run twice.
 */
export async function restart(process: Process, graceMs: number): Promise<AsyncDisposable> {
  const pid = process.pid();
  if (pid === undefined) throw new Error(`${process.name} is not running`);
  formerPids.set(process, pid);
  await process.signal("SIGTERM");
  const hurry = new AbortController();
  const restarted = comeBack(process, graceMs, hurry.signal);
  restarted.catch(() => {}); // the undo tries again, and says why
  return {
    async [Symbol.asyncDispose]() {
      hurry.abort();
      await restarted.catch(() => {});
      await process.start();
    },
  };
}

/** It is another one, or on its way to be. */
export async function isRestarting(process: Process): Promise<boolean> {
  return process.pid() !== formerPids.get(process) || !(await process.ready(ANSWER_DEADLINE_MS));
}

export async function isRestarted(process: Process): Promise<boolean> {
  const pid = process.pid();
  return pid !== undefined && pid !== formerPids.get(process) && (await process.ready(ANSWER_DEADLINE_MS));
}

async function comeBack(process: Process, graceMs: number, hurry: AbortSignal): Promise<void> {
  const hurried = new Promise<void>((resolve) =>
    hurry.addEventListener("abort", () => resolve(), { once: true }),
  );
  const left = process.exited(graceMs).then(() => true);
  const gone = await Promise.race([left.catch(() => false), hurried.then(() => false)]);
  if (!gone && process.pid() === formerPids.get(process)) {
    await process.signal("SIGKILL");
    await process.exited(KILLED_WITHIN_MS);
  }
  await process.start();
}
