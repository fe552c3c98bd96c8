import type { Check } from "../check.ts";
import { plural, show } from "../measure.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { ServerSample } from "../record/samples.ts";
import { unheard } from "../unheard.ts";
import type { Phase } from "../windows.ts";

const SERIES = "websocket_send_queue_depth";
/** Fewer observations than this of a server say too little about a 95th percentile. */
const FEWEST_OBSERVATIONS = 20;

const check: Check = {
  name: "send-queue-depth",
  summary: "the servers' send queues stay short: 99 % of the connections have fewer than 5 messages waiting",
  requirement: ["D7", "D48", "INV-BOUND", "I72"],
  unit: "messages",
  limits: { baseline: 4, fault: 256, recovery: 4, final: 4 },
  explain: [
    `From the servers' own histogram ${SERIES} (sampled over all connections once a second), as the growth of its`,
    "buckets within the phase, for each server by itself; the worst one counts. A restarted server begins anew.",
    "p95 and p99 must be below 5 (D7); p99 is the stricter, so it is what is measured: at most 4. During a fault the",
    "queue may fill, but never beyond its bound of 256 (I72). It sees what the server says of itself, once a second:",
    "a queue that fills and drains in between is invisible, and so are the kernel's buffers below it. Unknown where a",
    "server gave no metrics in the whole phase.",
  ].join(" "),
  judge(record, phase, limit) {
    const depths = depthByServer(record, phase);
    const samples = depths.reduce((sum, { observations }) => sum + observations, 0);
    const enough = depths.filter(({ observations }) => observations >= FEWEST_OBSERVATIONS);
    const worst = enough.sort((a, b) => b.p99 - a.p99)[0];
    if (!worst) {
      const why = samples === 0 ? `no server reported ${SERIES} in this phase` : tooFew(samples);
      return { status: "unknown", why, samples };
    }
    if (worst.p99 <= limit) {
      const silent = unheard(record, phase);
      return silent
        ? { ...silent, samples, measured: worst.p99 }
        : { status: "met", measured: worst.p99, samples };
    }
    const over = depths.filter(({ p99 }) => p99 > limit);
    return {
      status: "breached",
      measured: worst.p99,
      samples,
      why: `the send queues of ${worst.server} held ${depth(worst.p99)} at p99 (${depth(worst.p95)} at p95); the limit is ${show(limit)}`,
      counterexamples: over.map(({ server, p95, p99, observations }) => ({
        text: `${server}: p95 ${depth(p95)}, p99 ${depth(p99)} over ${plural(observations, "observation")}`,
        server,
      })),
    };
  },
};
export default check;

function tooFew(samples: number): string {
  return `only ${plural(samples, "observation")} of ${SERIES}; each server needs ${FEWEST_OBSERVATIONS}`;
}

/** Deeper than the last bucket is "more than 512", never infinity: the number must survive JSON. */
function depth(value: number): string {
  return plural(value, "message");
}

interface Depth {
  readonly server: string;
  readonly observations: number;
  readonly p95: number;
  readonly p99: number;
}

function depthByServer(record: RunRecord, phase: Phase): Depth[] {
  const ofServer = new Map<string, ServerSample[]>();
  for (const sample of record.samples.servers) {
    if (!sample.up) continue;
    const own = ofServer.get(sample.server);
    if (own) own.push(sample);
    else ofServer.set(sample.server, [sample]);
  }
  const depths: Depth[] = [];
  for (const [server, samples] of ofServer) {
    const growth = growthIn(samples, phase);
    const observations = growth.get(Number.POSITIVE_INFINITY) ?? 0;
    if (observations === 0) continue;
    depths.push({ server, observations, p95: quantile(growth, 0.95), p99: quantile(growth, 0.99) });
  }
  return depths.sort((a, b) => (a.server < b.server ? -1 : 1));
}

/** How much each bucket (by its upper bound) grew within the phase. */
function growthIn(samples: readonly ServerSample[], phase: Phase): Map<number, number> {
  const growth = new Map<number, number>();
  let before: { buckets: Map<number, number>; startedAt: number | undefined } | undefined;
  for (const { atMs, series } of samples) {
    const buckets = bucketsOf(series);
    const startedAt = series.process_start_time_seconds;
    if (before && atMs > phase.fromMs && atMs <= phase.toMs) {
      const restarted = startedAt !== before.startedAt || shrank(before.buckets, buckets);
      for (const [bound, count] of buckets) {
        const grown = restarted ? count : count - (before.buckets.get(bound) ?? 0);
        growth.set(bound, (growth.get(bound) ?? 0) + grown);
      }
    }
    before = { buckets, startedAt };
  }
  return growth;
}

function shrank(before: ReadonlyMap<number, number>, now: ReadonlyMap<number, number>): boolean {
  return [...before].some(([bound, count]) => (now.get(bound) ?? 0) < count);
}

/** Cumulative counts by upper bound, over all other labels. */
function bucketsOf(series: Readonly<Record<string, number>>): Map<number, number> {
  const buckets = new Map<number, number>();
  for (const [key, value] of Object.entries(series)) {
    if (!key.startsWith(`${SERIES}_bucket{`)) continue;
    const le = /[{,]le="([^"]+)"/.exec(key)?.[1];
    if (le === undefined) continue;
    const bound = le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le);
    buckets.set(bound, (buckets.get(bound) ?? 0) + value);
  }
  return buckets;
}

/** The smallest bound that holds the share; beyond the last finite one, one more than that. */
function quantile(growth: ReadonlyMap<number, number>, q: number): number {
  const bounds = [...growth.keys()].sort((a, b) => a - b);
  const total = growth.get(Number.POSITIVE_INFINITY) as number;
  const found = bounds.find((bound) => (growth.get(bound) as number) >= q * total) as number;
  if (Number.isFinite(found)) return found;
  return (bounds.at(-2) ?? 0) + 1;
}
