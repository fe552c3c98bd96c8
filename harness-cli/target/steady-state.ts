import { setTimeout as wait } from "node:timers/promises";
import type { Topology } from "../../chaos/topology.ts";

/** Longer than any answer of a healthy system on one machine, shorter than a person's patience. */
const ANSWER_WITHIN_MS = 2_000;

/** Asks every link and every process whether it answers; what a run must find again after all faults are undone. */
export async function steadyState(
  topology: Topology,
): Promise<{ ok: boolean; answers: Record<string, boolean> }> {
  const answers = Object.fromEntries(
    await Promise.all([
      ...topology.links.map(
        async (link) => [link.name, (await link.roundTripMs(ANSWER_WITHIN_MS)) !== undefined] as const,
      ),
      ...topology.processes.map(
        async (process) => [process.name, await process.ready(ANSWER_WITHIN_MS)] as const,
      ),
    ]),
  );
  return { ok: Object.values(answers).every(Boolean), answers };
}

/** For a system that has just been hurt: replicas that catch up, pools that dial again. */
const RECOVERS_WITHIN_MS = 20_000;
const LOOK_AGAIN_MS = 250;

/** Looks again until everything answers, or until a system that can find back would have done so. */
export async function steadyStateAgain(
  topology: Topology,
  withinMs = RECOVERS_WITHIN_MS,
): Promise<Awaited<ReturnType<typeof steadyState>>> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const seen = await steadyState(topology);
    if (seen.ok || performance.now() >= untilMs) return seen;
    await wait(LOOK_AGAIN_MS);
  }
}
