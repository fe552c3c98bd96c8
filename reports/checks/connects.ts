import type { ConnectionEvent } from "../../scenarios/model/telemetry.ts";
import type { Check } from "../check.ts";
import { plural, show } from "../measure.ts";
import type { RunRecord } from "../record/run-record.ts";
import { serverOfEndpoint } from "../whereabouts.ts";
import { loadEndsMs, messageSpan, type Phase } from "../windows.ts";

type Failed = Extract<ConnectionEvent, { what: "failed" }>;

const EVIDENCE = 10;

const check: Check = {
  name: "connects",
  summary: "while nothing is broken, who wants to connect can",
  requirement: ["D13", "C4"],
  unit: "%",
  limits: { baseline: 1, final: 1 },
  explain: [
    "The share of attempts to connect that ended before CONNECTED: refused, cut off, or without an answer. Limit 1 %",
    "(D13). An attempt belongs to the phase in which it ended, what came in the warm-up to the first one; attempts that",
    "the end of the run cut short do not count. While a fault is in force, and just after, nothing is judged here: see",
    "recovery-time.",
  ].join(" "),
  hasToSay: (record, phase) => endedIn(record, phase).length > 0,
  judge(record, phase, limit) {
    const ended = endedIn(record, phase);
    const samples = ended.length;
    if (samples === 0) return { status: "unknown", why: "nobody tried to connect in this phase", samples };
    const failed = ended.filter((event) => event.what === "failed");
    const measured = (100 * failed.length) / samples;
    if (measured <= limit) return { status: "met", measured, samples };
    return {
      status: "breached",
      measured,
      samples,
      why: `${show(failed.length)} of ${plural(samples, "attempt")} to connect failed: ${reasons(failed)}`,
      counterexamples: failed.slice(0, EVIDENCE).map(({ client, endpoint, atMs, reason }) => {
        const server = serverOfEndpoint(endpoint);
        return { text: `client ${client} did not get in at ${server}: ${reason}`, atMs, client, server };
      }),
    };
  },
};
export default check;

function endedIn(record: RunRecord, phase: Phase) {
  const { fromMs, toMs } = messageSpan(record, phase);
  const untilMs = Math.min(toMs, loadEndsMs(record));
  return record.ledger.connections.filter(
    (event) =>
      (event.what === "connected" || event.what === "failed") && event.atMs >= fromMs && event.atMs < untilMs,
  );
}

function reasons(failed: readonly Failed[]): string {
  const counts = new Map<string, number>();
  for (const { reason } of failed) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${show(count)} x ${reason}`).join(", ");
}
