import type { ConnectionEvent } from "../../scenarios/model/telemetry.ts";
import type { Check } from "../check.ts";
import { plural, show } from "../measure.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { Counterexample } from "../verdict.ts";
import { isOnTheWay, serverOfEndpoint } from "../whereabouts.ts";
import { type FaultSpan, faultSpans } from "../windows.ts";

/** The bucket of INV-SPREAD, as a window that slides: no luck with where a second happens to begin. */
const BUCKET_MS = 1_000;
/** Below this the largest bucket of a good spread is a matter of luck. */
const FEWEST_DROPPED = 30;
const BEFORE_MS = 1_000;
const AFTER_MS = 2_000;
const EVIDENCE = 5;

const check: Check = {
  name: "reconnect-spread",
  summary: "the clients that a fault dropped do not come back all in the same second",
  requirement: ["INV-SPREAD", "B16", "B17", "D18"],
  unit: "%",
  limits: { fault: 50 },
  explain: [
    "For each fault that drops connections: the first retry of every client that it dropped, and the largest share of",
    `them inside any ${show(BUCKET_MS)} ms. More than 50 % is a stampede (B17); full jitter over 8 s gives about 20 %.`,
    `Judged for the fault's phase, though the retries may fall into the recovery. Needs ${FEWEST_DROPPED} dropped`,
    "clients, else unknown. A client that was never seen to retry counts against the verdict only if it could change",
    "it. Later retries, and what the server does with them, are judged by recovery-time.",
  ].join(" "),
  asksAbout: (fault) => fault.drops,
  judge(record, phase, limit) {
    const spreads = faultSpans(record)
      .filter(({ window }) => window.drops && phase.faults.includes(window.index))
      .map((span) => spreadOf(record, span));
    const samples = spreads.reduce((sum, { dropped }) => sum + dropped, 0);
    const worst = spreads
      .filter(({ dropped }) => dropped >= FEWEST_DROPPED)
      .sort((a, b) => share(b, b.peak.length) - share(a, a.peak.length))[0];
    if (!worst) {
      const why = `${plural(samples, "client")} dropped; the spread of fewer than ${FEWEST_DROPPED} says nothing`;
      return { status: "unknown", why, samples };
    }
    const { dropped, retries, peak } = worst;
    const missing = dropped - retries.length;
    const measured = share(worst, peak.length);
    const [first, last] = [peak[0], peak.at(-1)];
    if (measured > limit && first && last) {
      return {
        status: "breached",
        measured,
        samples,
        why: `${show(peak.length)} of ${plural(dropped, "dropped client")} retried first between ${show(first.atMs)} and ${show(last.atMs)} ms: ${show(measured)} % in one second, the limit is ${show(limit)} %`,
        counterexamples: peak.slice(0, EVIDENCE).map((retry) => evidence(retry, worst.span)),
      };
    }
    if (share(worst, peak.length + missing) > limit) {
      const why = `${show(missing)} of ${plural(dropped, "dropped client")} were not seen to retry, and could change the verdict`;
      return { status: "unknown", why, samples, measured };
    }
    return { status: "met", measured, samples };
  },
};
export default check;

type Due = Extract<ConnectionEvent, { what: "due" }>;

interface Spread {
  readonly span: FaultSpan;
  readonly dropped: number;
  /** First retries, by time. */
  readonly retries: readonly Due[];
  /** Those of the fullest window. */
  readonly peak: readonly Due[];
}

function share(spread: Spread, count: number): number {
  return (100 * count) / spread.dropped;
}

function spreadOf(record: RunRecord, span: FaultSpan): Spread {
  const droppedAt = droppedBy(record, span);
  const retries: Due[] = [];
  const retried = new Set<number>();
  for (const event of record.ledger.connections) {
    if (event.what !== "due" || retried.has(event.client)) continue;
    const closedMs = droppedAt.get(event.client);
    if (closedMs === undefined || event.atMs < closedMs) continue;
    retried.add(event.client);
    retries.push(event);
  }
  return { span, dropped: droppedAt.size, retries, peak: fullestWindow(retries) };
}

/** When each client that the fault dropped lost its connection; of several times the first. */
function droppedBy(record: RunRecord, span: FaultSpan): Map<number, number> {
  const dropped = new Map<number, number>();
  for (const event of record.ledger.connections) {
    if (event.what !== "closed" || (event.by === "self" && event.code !== null)) continue;
    if (!isOnTheWay(span.window.target, event)) continue;
    if (event.atMs < span.fromMs - BEFORE_MS || event.atMs > span.toMs + AFTER_MS) continue;
    if (!dropped.has(event.client)) dropped.set(event.client, event.atMs);
  }
  return dropped;
}

function fullestWindow(retries: readonly Due[]): readonly Due[] {
  let best: [number, number] = [0, 0];
  let from = 0;
  for (const [i, { atMs }] of retries.entries()) {
    while (atMs - (retries[from] as Due).atMs >= BUCKET_MS) from++;
    if (i + 1 - from > best[1] - best[0]) best = [from, i + 1];
  }
  return retries.slice(...best);
}

function evidence(retry: Due, { window }: FaultSpan): Counterexample {
  const server = serverOfEndpoint(retry.endpoint);
  return {
    text: `client ${retry.client}, dropped by ${window.fault} ${window.target}, retried on ${server}`,
    atMs: retry.atMs,
    client: retry.client,
    server,
    fault: window.index,
  };
}
