import type { RunRecord } from "./record/run-record.ts";
import type { Unknown } from "./verdict.ts";
import type { Phase } from "./windows.ts";

/**
 * Unknown where a server was asked for its metrics and gave none in all of the phase, unless a fault of the phase acted
 * on its process: the others' being well says nothing of it, and full queues are a reason not to answer.
 */
export function unheard(record: RunRecord, phase: Phase): Omit<Unknown, "samples"> | undefined {
  const answered = new Map<string, boolean>();
  for (const { server, atMs, up } of record.samples.servers) {
    if (atMs <= phase.fromMs || atMs > phase.toMs) continue;
    answered.set(server, up || (answered.get(server) ?? false));
  }
  const silent = [...answered].flatMap(([server, isHeard]) =>
    isHeard || isDisturbed(record, phase, server) ? [] : [server],
  );
  if (silent.length === 0) return undefined;
  return { status: "unknown", why: `${silent.sort().join(", ")} gave no metrics in this phase` };
}

function isDisturbed({ plan }: RunRecord, { faults }: Phase, server: string): boolean {
  const targets = plan.timeline.filter(({ index }) => faults.includes(index)).map(({ target }) => target);
  return targets.includes(server) || targets.includes("server-all");
}
