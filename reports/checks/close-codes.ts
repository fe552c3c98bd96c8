import type { Check } from "../check.ts";
import { AFTER_MS, BEFORE_MS, type Closed, codeOf, explains, isOwnLeave } from "../close-cause.ts";
import { plural, show } from "../measure.ts";
import { roleOfClient } from "../record/plan.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { Counterexample } from "../verdict.ts";
import { serverOfEndpoint } from "../whereabouts.ts";
import { type FaultSpan, faultInForce, faultSpans, type Phase } from "../windows.ts";

const EVIDENCE = 10;

const check: Check = {
  name: "close-codes",
  summary: "connections close only with the codes that the phase explains",
  requirement: ["INV-CLOSE", "D11", "B22", "I64"],
  unit: "closes",
  limits: { baseline: 0, fault: 0, recovery: 0, final: 0 },
  explain: [
    "Every close that a client saw, except its own orderly leave (1000 or no code, by itself), needs a fault that explains its",
    "code: the fault lists the code, was in force on that connection's server, and the close came between",
    `${show(BEFORE_MS)} ms before it began and ${show(AFTER_MS)} ms after it was healed. A close without a close`,
    "frame counts as 1006, which never travels on the wire (I64). A client of a role that misbehaves on purpose may be",
    "closed with the codes that the plan says it provokes. Limit 0 (INV-CLOSE, D11). An attempt that never",
    "got as far as CONNECTED is no close; recovery-time sees those. The drain at the end belongs to the last phase.",
  ].join(" "),
  judge(record, phase, limit) {
    const spans = faultSpans(record).filter((span) => !span.void);
    const samples = connectedIn(record, phase);
    if (samples === 0) {
      return { status: "unknown", why: "no client was connected in this phase", samples: 0 };
    }
    const closes = closesIn(record, phase);
    const unexpected = closes.filter(
      (close) =>
        !isOwnLeave(close) && !isProvoked(record, close) && !spans.some((span) => explains(span, close)),
    );
    if (unexpected.length <= limit) return { status: "met", measured: unexpected.length, samples };
    return {
      status: "breached",
      measured: unexpected.length,
      samples,
      why: `${plural(unexpected.length, "close")} without a cause: ${byCode(unexpected)}`,
      counterexamples: unexpected.slice(0, EVIDENCE).map((close) => evidence(close, spans)),
    };
  },
};
export default check;

/** How many connections lived in the phase: what could have been closed. */
function connectedIn(record: RunRecord, phase: Phase): number {
  const open = new Set<string>();
  const ended = new Set<string>();
  for (const event of record.ledger.connections) {
    const key = `${event.client}/${event.attempt}`;
    if (event.what === "connected" && event.atMs < phase.toMs) open.add(key);
    if (event.what === "closed" && event.atMs < phase.fromMs) ended.add(key);
  }
  return [...open].filter((key) => !ended.has(key)).length;
}

function closesIn(record: RunRecord, phase: Phase): Closed[] {
  const { publishUntilMs, endMs } = record.plan.timing;
  const stopping = record.history.find((event) => event.kind === "run" && event.what === "stopping")?.atMs;
  const toMs = Math.min(
    phase.toMs >= publishUntilMs ? endMs : phase.toMs,
    stopping ?? Number.POSITIVE_INFINITY,
  );
  return record.ledger.connections
    .filter((event) => event.what === "closed")
    .filter((close) => close.atMs >= phase.fromMs && close.atMs < toMs);
}

/** Its client misbehaves on purpose, and this is the code that it asks for; `evicted` wants to see it. */
function isProvoked({ plan }: RunRecord, close: Closed): boolean {
  return roleOfClient(plan, close.client)?.provokes.includes(codeOf(close)) ?? false;
}

function byCode(closes: readonly Closed[]): string {
  const counts = new Map<number, number>();
  for (const close of closes) counts.set(codeOf(close), (counts.get(codeOf(close)) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([code, count]) => `${show(count)} × ${code}`)
    .join(", ");
}

function evidence(close: Closed, spans: readonly FaultSpan[]): Counterexample {
  const server = close.server ?? serverOfEndpoint(close.endpoint);
  const fault = faultInForce(spans, close.atMs);
  const code = close.code === null ? "1006 (no close frame)" : String(close.code);
  const reason = close.reason ? ` "${close.reason}"` : "";
  const by = close.by === "unknown" ? "" : ` by ${close.by === "self" ? "itself" : "the peer"}`;
  const silent = `${show(close.silentMs)} ms after the last byte`;
  return {
    text: `client ${close.client} on ${server}: ${code}${reason}${by}, ${silent}`,
    atMs: close.atMs,
    client: close.client,
    server,
    ...(fault === undefined ? {} : { fault }),
  };
}
