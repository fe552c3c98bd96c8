import type { Check } from "../check.ts";
import { plural, show } from "../measure.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { Counterexample } from "../verdict.ts";
import { isOnTheWay, serverOfEndpoint } from "../whereabouts.ts";
import { type FaultSpan, faultSpans, type Phase } from "../windows.ts";

/** How near to each other two delays are the same one, as a share of the longest: what is left of a lost jitter. */
const SAME_SHARE = 0.1;
/** Below this the fullest window of a good spread is a matter of luck. */
const FEWEST_RETRIES = 30;
const BEFORE_MS = 1_000;
const AFTER_MS = 2_000;
const EVIDENCE = 5;

const check: Check = {
  name: "retry-jitter",
  summary:
    "clients that fail to come back wait times that differ, also when their back-off has reached its cap",
  requirement: ["INV-SPREAD", "B18", "I20"],
  unit: "%",
  limits: { fault: 50 },
  explain: [
    "For the clients that faults dropped: how long each waited before its second retry, its third, and so on until it",
    `was connected. Measured is the largest share of one ordinal's delays within ${show(100 * SAME_SHARE)} % of the longest of`,
    "them. More than 50 % is a back-off whose jitter is lost at its cap (B18); with full jitter it is about 20 %. The",
    `first retries are judged by reconnect-spread. Needs ${FEWEST_RETRIES} clients that retried again, else unknown.`,
  ].join(" "),
  asksAbout: (fault) => fault.drops,
  judge(record, phase, limit) {
    const ordinals = [...delaysByOrdinal(record, phase)].filter(
      ([, delays]) => delays.length >= FEWEST_RETRIES,
    );
    const samples = ordinals.reduce((sum, [, delays]) => sum + delays.length, 0);
    const peaks = ordinals.map(([ordinal, delays]) => peakOf(ordinal, delays));
    const worst = peaks.sort((a, b) => b.percent - a.percent)[0];
    if (!worst) {
      const why = `fewer than ${FEWEST_RETRIES} clients had to retry more than once`;
      return { status: "unknown", why, samples };
    }
    const { ordinal, percent: measured, delays, all } = worst;
    if (measured <= limit) return { status: "met", measured, samples };
    const [shortest, longest] = [delays[0], delays.at(-1)];
    return {
      status: "breached",
      measured,
      samples,
      why: `${show(delays.length)} of ${plural(all, "client")} waited between ${show(shortest?.delayMs ?? 0)} and ${show(longest?.delayMs ?? 0)} ms before retry ${ordinal}: ${show(measured)} %, the limit is ${show(limit)} %`,
      counterexamples: delays.slice(0, EVIDENCE).map((delay) => evidence(delay, ordinal)),
    };
  },
};
export default check;

interface Delay {
  readonly client: number;
  readonly atMs: number;
  readonly delayMs: number;
  readonly endpoint: number;
}

interface Peak {
  readonly ordinal: number;
  readonly percent: number;
  /** Of the fullest window, by length. */
  readonly delays: readonly Delay[];
  readonly all: number;
}

/** By number of the retry, from 2 on: the delay before it of each client that these faults dropped. */
function delaysByOrdinal(record: RunRecord, phase: Phase): Map<number, Delay[]> {
  const spans = faultSpans(record).filter(
    ({ window }) => window.drops && phase.faults.includes(window.index),
  );
  /** Of each dropped client that is not back yet. */
  const away = new Map<number, { endedMs: number; retries: number }>();
  const dropped = new Set<number>();
  const delays = new Map<number, Delay[]>();
  for (const event of record.ledger.connections) {
    const { client, atMs } = event;
    const state = away.get(client);
    if (event.what === "closed" && !dropped.has(client) && spans.some((span) => drops(span, event))) {
      dropped.add(client);
      away.set(client, { endedMs: atMs, retries: 0 });
    } else if (event.what === "failed" && state) {
      state.endedMs = atMs;
    } else if (event.what === "connected") {
      away.delete(client);
    } else if (event.what === "due" && state) {
      state.retries += 1;
      if (state.retries < 2) continue;
      const ordinal = delays.get(state.retries) ?? [];
      delays.set(state.retries, ordinal);
      ordinal.push({ client, atMs, delayMs: Math.round(atMs - state.endedMs), endpoint: event.endpoint });
    }
  }
  return delays;
}

function drops(
  { window, fromMs, toMs }: FaultSpan,
  closed: { readonly atMs: number; readonly endpoint: number; readonly server?: string },
): boolean {
  const isThen = closed.atMs >= fromMs - BEFORE_MS && closed.atMs <= toMs + AFTER_MS;
  return isThen && isOnTheWay(window.target, closed);
}

function peakOf(ordinal: number, all: readonly Delay[]): Peak {
  const sorted = [...all].sort((a, b) => a.delayMs - b.delayMs);
  const widthMs = SAME_SHARE * (sorted.at(-1)?.delayMs ?? 0);
  let best: [number, number] = [0, 0];
  let from = 0;
  for (const [i, { delayMs }] of sorted.entries()) {
    while (delayMs - (sorted[from] as Delay).delayMs > widthMs) from++;
    if (i + 1 - from > best[1] - best[0]) best = [from, i + 1];
  }
  const delays = sorted.slice(...best);
  return { ordinal, percent: (100 * delays.length) / all.length, delays, all: all.length };
}

function evidence({ client, atMs, delayMs, endpoint }: Delay, ordinal: number): Counterexample {
  const server = serverOfEndpoint(endpoint);
  return {
    text: `client ${client} waited ${show(delayMs)} ms before retry ${ordinal}`,
    atMs,
    client,
    server,
  };
}
