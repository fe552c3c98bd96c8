import { percentile } from "../../scenarios/model/histogram.ts";
import type { Check } from "../check.ts";
import { countOf, histogramOf, ms, plural, show } from "../measure.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { Phase } from "../windows.ts";

/**
 * What a fit generator may use up, and why so much. Idle, k6 stays far below all of it (lateness p99 6 ms, timers
 * 1.3 to 6 ms at p99); the room above is for a small machine that it shares with its target.
 */
const LIMITS = {
  /** Half of D1's 100 ms: beyond it a red latency could be the generator's own. */
  latenessP99Ms: 50,
  /** D1 itself: arrivals are stamped outside the loop, so its lag only delays what the clients do next. */
  loopLagP99Ms: 100,
  /** Beyond 1 % of the schedule not sent, the load was not the one that was planned (D13's threshold). */
  missedLatePercent: 1,
  /** It reports every second; three without a word is a generator that stood still. */
  silenceMs: 3_000,
  /** As lateness: latencies are differences of wall-clock times. */
  clockStepMs: 50,
  /** A machine this full proves nothing by itself, but together with half of the allowed loop lag it does. */
  cpuPercent: 98,
} as const;

/** Errors of the generator's own machine, as the system words them. */
const EXHAUSTED =
  /too many open files|cannot assign requested address|no buffer space|cannot allocate memory/i;

const check: Check = {
  name: "generator-valid",
  summary: "the load was really made as planned: the generator kept up",
  requirement: ["I87", "I83", "C.2", "G31"],
  unit: "% of what a fit generator may use",
  limits: { baseline: 100, fault: 100, recovery: 100, final: 100 },
  explain: [
    "The generator is judged first, phase by phase; where it was not fit, every other verdict becomes unknown (never",
    "red, never green) and so does this one: it is never breached. Measured is the fullest of these, in % of its limit:",
    `sends late by ${LIMITS.latenessP99Ms} ms at p99, its event loop late by ${LIMITS.loopLagP99Ms} ms at p99,`,
    `${LIMITS.missedLatePercent} % of the schedule skipped, ${show(LIMITS.silenceMs)} ms without a report, a clock step`,
    `of ${LIMITS.clockStepMs} ms. Any missing report, any exception inside the engine, and any sign that its machine`,
    `ran out of ports, descriptors or memory disqualify at once, and so does a CPU ${LIMITS.cpuPercent} % busy while`,
    "the loop is at half of its limit. Slots that fell due while a client was offline are the target's doing.",
  ].join(" "),
  judge(record, phase, limit) {
    const samples = histogramOf(record, "loopLag", phase.fromMs, phase.toMs).total;
    if (samples === 0) {
      return { status: "unknown", why: "the generator did not report about itself in this phase", samples };
    }
    const uses = usesOf(record, phase);
    const measured = Math.round(Math.max(...uses.map(({ percent }) => percent)));
    const reasons = [
      ...disqualifications(record, phase, uses, limit),
      ...uses.filter(({ percent }) => percent > limit).map(({ text }) => text),
    ];
    if (reasons.length > 0) return { status: "unknown", why: reasons.join("; "), samples, measured };
    return { status: "met", measured, samples };
  },
};
export default check;

interface Use {
  readonly of: keyof typeof LIMITS;
  /** Share of the limit, in %. */
  readonly percent: number;
  readonly text: string;
}

function usesOf(record: RunRecord, phase: Phase): Use[] {
  const { fromMs, toMs } = phase;
  const p99Ms = (metric: "lateness" | "loopLag"): number => {
    return ms(Math.max(0, percentile(histogramOf(record, metric, fromMs, toMs), 0.99) ?? 0));
  };
  const late = countOf(record, "missedLate", fromMs, toMs);
  const due = late + countOf(record, "sent", fromMs, toMs);
  const latePercent = due === 0 ? 0 : (100 * late) / due;
  return [
    use("latenessP99Ms", p99Ms("lateness"), (value) => `sends ${value} ms late at p99`),
    use("loopLagP99Ms", p99Ms("loopLag"), (value) => `event loop ${value} ms late at p99`),
    use("missedLatePercent", latePercent, (value) => `${value} % of the schedule skipped`),
    use("silenceMs", longestSilence(record, phase), (value) => `no report for ${value} ms`),
    use("clockStepMs", clockStep(record, phase), (value) => `the clock stepped by ${value} ms`),
  ];
}

function use(of: keyof typeof LIMITS, value: number, say: (shown: string) => string): Use {
  const percent = (100 * value) / LIMITS[of];
  return { of, percent, text: `${say(show(value))} (limit ${show(LIMITS[of])})` };
}

/** The longest time that any VU let pass between two reports, as far as it touches the phase. */
function longestSilence(record: RunRecord, { fromMs, toMs }: Phase): number {
  let longest = 0;
  for (const times of record.ledger.flushTimes.values()) {
    const marks = [0, ...times.filter((atMs) => atMs > 0)];
    for (const [i, atMs] of marks.entries()) {
      const nextMs = marks[i + 1] ?? Math.max(atMs, toMs);
      if (atMs < toMs && nextMs > fromMs) longest = Math.max(longest, nextMs - atMs);
    }
  }
  return longest;
}

function clockStep(record: RunRecord, { fromMs, toMs }: Phase): number {
  const steps = record.samples.machine
    .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
    .map(({ clockStepMs }) => clockStepMs);
  return steps.length === 0 ? 0 : Math.max(...steps) - Math.min(...steps);
}

function disqualifications(record: RunRecord, phase: Phase, uses: readonly Use[], limit: number): string[] {
  const { ledger } = record;
  const isIn = (atMs: number): boolean => atMs >= phase.fromMs && atMs < phase.toMs;
  const reasons: string[] = [];

  const holes = ledger.holes.filter((hole) => hole.fromMs < phase.toMs && hole.toMs > phase.fromMs);
  if (holes.length > 0) reasons.push(`reports of the load are missing (VU ${holes[0]?.vu})`);

  const errors = ledger.errors.filter(({ atMs }) => isIn(atMs));
  const [error] = errors;
  if (error)
    reasons.push(`${plural(errors.length, "exception")} in the engine (${error.where}: ${error.message})`);

  const exhausted = ledger.connections
    .filter((event) => event.what === "failed")
    .filter(({ atMs, reason }) => isIn(atMs) && EXHAUSTED.test(reason));
  if (exhausted[0]) {
    reasons.push(
      `${plural(exhausted.length, "connection")} failed on its own machine: ${exhausted[0].reason}`,
    );
  }

  const cpus = record.samples.machine.filter(({ atMs }) => isIn(atMs)).flatMap(({ cpu }) => cpu ?? []);
  const cpuPercent = cpus.length === 0 ? 0 : (100 * cpus.reduce((sum, cpu) => sum + cpu, 0)) / cpus.length;
  const loop = uses.find(({ of }) => of === "loopLagP99Ms") as Use;
  if (cpuPercent >= LIMITS.cpuPercent && loop.percent > limit / 2) {
    reasons.push(`the machine's CPU was ${show(cpuPercent)} % busy, with its ${loop.text}`);
  }
  return reasons;
}
