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
