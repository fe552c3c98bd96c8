import { percentile } from "../../scenarios/model/histogram.ts";
import type { Check } from "../check.ts";
import { unfitSeconds } from "../fitness.ts";
import { histogramOf, ms, plural, show } from "../measure.ts";
import { presenceOf } from "../presence.ts";
import type { RunRecord } from "../record/run-record.ts";
import { faultSpans, type Phase } from "../windows.ts";

/** How long everything must stay well before it counts as recovered (INV-RECOVER: "and stays met"). */
const STAYS_MS = 3_000;
const SHARE_BACK = 0.99;
/** D1, where the plan does not say. */
const DEFAULT_P99_MS = 100;
const SECOND_MS = 1_000;

const check: Check = {
  name: "recovery-time",
  summary: "after a fault is healed, clients and latency are back soon, and stay so",
  requirement: ["INV-RECOVER", "C7", "I20"],
  unit: "ms",
  limits: { recovery: 20_000 },
  explain: [
    "From the moment the fault was seen healed until 99 % of the clients that the load wants are subscribed again, and",
    "the deliveries of every second are within the baseline's p99 limit, and all that has stayed so for",
    `${show(STAYS_MS)} ms. Limit 20 s: full jitter (I20) spreads the first retry over 8 s, and a retry that met the`,
    "outage is followed by one within 16 s; 4 s remain to connect and settle. An outage of more than 8 s may cost a",
    "third retry: raise the limit for it. Seconds in which the generator or its machine stumbled (see delivery-p99)",
    "say nothing about latency, either way; one that can tell must be among those in which it stays well. Unknown when",
    "the run, or the next fault, cuts the wait short.",
  ].join(" "),
  judge(record, phase, limit) {
    const spans = faultSpans(record);
    const own = spans.filter(({ window }) => phase.faults.includes(window.index));
    const lastOwn = own.at(-1);
    if (!lastOwn) return { status: "unknown", why: "the record shows no fault before this", samples: 0 };
    const healedMs = Math.max(...own.map(({ toMs }) => toMs));
    const next = spans.find((span) => span.fromMs > healedMs);
    const horizonMs = Math.min(next?.fromMs ?? Number.POSITIVE_INFINITY, observedUntil(record, phase));

    const samples = histogramOf(record, "delivery", phase.fromMs, horizonMs).total;
    if (samples === 0) return { status: "unknown", why: "nothing was delivered after the fault", samples };
    const unfit = new Set(unfitSeconds(record, healedMs, horizonMs).map(({ second }) => second));
    const troubles = troublesOf(record, healedMs, horizonMs, unfit);
    let recoveredMs = healedMs;
    let last: Trouble | undefined;
    for (const trouble of troubles) {
      if (trouble.fromMs >= provenAt(recoveredMs, unfit)) break;
      if (trouble.toMs <= recoveredMs) continue;
      recoveredMs = trouble.toMs;
      last = trouble;
    }
    const measured = Math.round(recoveredMs - healedMs);
    if (measured > limit) {
      return {
        status: "breached",
        measured,
        samples,
        why: `${show(measured)} ms after healing there was still trouble: ${last?.text}; the limit is ${show(limit)} ms`,
        counterexamples: troubles.slice(-5).map(({ fromMs, text }) => ({
          text,
          atMs: fromMs,
          fault: lastOwn.window.index,
        })),
      };
    }
    if (provenAt(recoveredMs, unfit) > horizonMs) {
      const cut = next ? `${next.window.fault} ${next.window.target} began` : "the run ended";
      const why = `${cut} ${show(horizonMs - healedMs)} ms after healing, too soon to see recovery${last ? ` (${last.text})` : ""}${tellUnfit(unfit)}`;
      return { status: "unknown", why, samples };
    }
    return { status: "met", measured, samples };
  },
};
export default check;

/** When it has stayed well for long enough, a second that can tell among it. */
function provenAt(recoveredMs: number, unfit: ReadonlySet<number>): number {
  let second = Math.ceil(recoveredMs / SECOND_MS);
  while (unfit.has(second)) second++;
  return Math.max(recoveredMs + STAYS_MS, (second + 1) * SECOND_MS);
}

/** Recovery may be looked for past its phase, as far as publishers were at work and the ledger speaks. */
function observedUntil(record: RunRecord, phase: Phase): number {
  const { publishUntilMs } = record.plan.timing;
  return Math.max(phase.toMs, Math.min(publishUntilMs, record.ledger.untilMs));
}

function tellUnfit(unfit: ReadonlySet<number>): string {
  return unfit.size > 0 ? `; ${plural(unfit.size, "second")} of it could not be judged` : "";
}

interface Trouble {
  readonly fromMs: number;
  readonly toMs: number;
  readonly text: string;
}

/** Every stretch between two times in which something was not well yet, by start. */
function troublesOf(record: RunRecord, fromMs: number, toMs: number, unfit: ReadonlySet<number>): Trouble[] {
  return [...absences(record, fromMs, toMs), ...slowSeconds(record, fromMs, toMs, unfit)].sort(
    (a, b) => a.fromMs - b.fromMs,
  );
}

function absences(record: RunRecord, fromMs: number, toMs: number): Trouble[] {
  const rows = presenceOf(record);
  const troubles: Trouble[] = [];
  for (const [i, { atMs, due, online }] of rows.entries()) {
    const from = Math.max(atMs, fromMs);
    const to = Math.min(rows[i + 1]?.atMs ?? toMs, toMs);
    if (from >= to || online >= SHARE_BACK * due) continue;
    troubles.push({ fromMs: from, toMs: to, text: `${show(online)} of ${plural(due, "client")} online` });
  }
  return troubles;
}

/**
 * Seconds whose deliveries were over the baseline's limit, and seconds of silence where messages were sent; except
 * those in which the generator was not fit to tell.
 */
function slowSeconds(record: RunRecord, fromMs: number, toMs: number, unfit: ReadonlySet<number>): Trouble[] {
  const planned = record.plan.checks.find(({ name }) => name === "delivery-p99");
  const limitMs = planned?.limits.baseline ?? DEFAULT_P99_MS;
  const troubles: Trouble[] = [];
  for (let at = Math.floor(fromMs / SECOND_MS) * SECOND_MS; at + SECOND_MS <= toMs; at += SECOND_MS) {
    if (unfit.has(at / SECOND_MS)) continue;
    const p99Us = percentile(histogramOf(record, "delivery", at, at + SECOND_MS), 0.99);
    const sent = histogramOf(record, "lateness", at, at + SECOND_MS).total;
    if (p99Us === undefined && sent > 0) {
      troubles.push({ fromMs: at, toMs: at + SECOND_MS, text: `${plural(sent, "message")}, none delivered` });
    } else if (p99Us !== undefined && ms(p99Us) > limitMs) {
      const text = `delivery p99 ${show(ms(p99Us))} ms, over ${show(limitMs)} ms`;
      troubles.push({ fromMs: at, toMs: at + SECOND_MS, text });
    }
  }
  return troubles;
}
