import type { Check } from "../check.ts";
import { plural, show } from "../measure.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { ServerSample } from "../record/samples.ts";
import { type Phase, phasesOf } from "../windows.ts";

/** What belongs to a client and must go with it. */
const GAUGES = ["websocket_connections_active", "websocket_subscriptions_active"] as const;

const check: Check = {
  name: "leftovers",
  summary: "when everybody has left, the servers hold no connection and no subscription any more",
  requirement: ["INV-LEAK", "D41", "D80", "A58", "B11", "B12", "B131"],
  unit: "left over",
  limits: { baseline: 0, fault: 0, recovery: 0, final: 0 },
  explain: [
    `From the servers' own ${GAUGES.join(" and ")}, in the last sample of each server, which the harness takes when the`,
    "last client is gone: it waits up to 5 s for a server to say 0. Judged once, in the last phase. Measured is what is",
    "left of both together, over all servers that answered. Not judged where a fault acted on the clients' links: then",
    "a server may hold for a while what nobody told it the end of (A54).",
  ].join(" "),
  hasToSay: (record, phase) => isLast(record, phase) && !record.plan.timeline.some(actsOnClients),
  judge(record, _phase, limit) {
    const last = lastSamples(record);
    if (last.length === 0) {
      return { status: "unknown", why: "no server was seen after its last client had left", samples: 0 };
    }
    const left = last.flatMap(({ server, atMs, series }) =>
      GAUGES.map((gauge) => ({ server, atMs, gauge, value: series[gauge] ?? 0 })).filter(
        ({ value }) => value > 0,
      ),
    );
    const measured = left.reduce((sum, { value }) => sum + value, 0);
    if (measured <= limit) return { status: "met", measured, samples: last.length };
    return {
      status: "breached",
      measured,
      samples: last.length,
      why: `${show(measured)} connections and subscriptions are left on ${plural(new Set(left.map(({ server }) => server)).size, "server")} that nobody holds`,
      counterexamples: left.map(({ server, atMs, gauge, value }) => ({
        text: `${server}: ${gauge} is ${show(value)} after the last client has left`,
        atMs,
        server,
      })),
    };
  },
};
export default check;

function actsOnClients({ target }: { readonly target: string }): boolean {
  return target.endsWith("/clients");
}

function isLast(record: RunRecord, phase: Phase): boolean {
  return phasesOf(record).at(-1)?.name === phase.name;
}

/** Of servers that answered after the load's end; whoever was away then says nothing. */
function lastSamples({ plan, ledger, samples }: RunRecord): ServerSample[] {
  const closes = ledger.connections.filter(({ what }) => what === "closed");
  const goneMs = Math.max(
    plan.timing.endMs,
    closes.at(-1)?.atMs ?? 0,
    ...ledger.byes.map(({ atMs }) => atMs),
  );
  const lastOf = new Map<string, ServerSample>();
  for (const sample of samples.servers) lastOf.set(sample.server, sample);
  return [...lastOf.values()].filter(
    ({ atMs, series }) => atMs >= goneMs && GAUGES.some((gauge) => gauge in series),
  );
}
