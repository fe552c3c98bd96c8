import type { Check } from "../check.ts";
import { unfitSeconds } from "../fitness.ts";
import { PHASE_LIMITS as LIMITS, SECOND_LIMITS } from "../generator-limits.ts";
import { countOf, histogramOf, plural, show } from "../measure.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { MachineSample } from "../record/samples.ts";
import type { Phase } from "../windows.ts";

/** Errors of the generator's own machine, as the system words them. */
const EXHAUSTED =
  /too many open files|cannot assign requested address|no buffer space|cannot allocate memory/i;

const check: Check = {
  name: "generator-valid",
  summary: "the load was really made as planned: the generator kept up",
  requirement: ["I87", "I83", "C.2", "G31"],
  unit: "% of seconds unfit",
  limits: { baseline: 50, fault: 50, recovery: 50, final: 50 },
  explain: [
    "The generator is judged first, phase by phase; where it was not fit, every other verdict becomes unknown (never",
    "red, never green) and so does this one: it is never breached. Measured is the share of seconds in which it did",
    `not keep up: sends late by more than ${SECOND_LIMITS.latenessP99Ms} ms at p99 (half of D1), its event loop late`,
    `by more than ${SECOND_LIMITS.loopLagP99Ms} ms at p99, ${SECOND_LIMITS.engineCpuPercent} % of the CPU that it can use,`,
    "or not a word. Up to half of a phase may be so, since a small machine that is shared with the",
    "target stumbles now and then; latency is not judged by those seconds (see delivery-p99). Disqualified at once is",
    `a phase in which more than ${LIMITS.missedLatePercent} % of the schedule was skipped, no report came for`,
    `${show(LIMITS.silenceMs)} ms, the clock stepped by ${LIMITS.clockStepMs} ms, a report is missing, the engine`,
    `threw, ${LIMITS.portsPercent} % of the local ports or ${LIMITS.descriptorsPercent} % of its descriptors were in`,
    `use, its reports took ${show(LIMITS.telemetryLagMs)} ms to arrive, the clock is coarser than`,
    `${LIMITS.clockResolutionMs} ms, or its machine ran out of ports, descriptors or memory. Slots that fell due while a client was`,
    "offline are the target's doing.",
  ].join(" "),
  judge(record, phase, limit) {
    const { fromMs, toMs } = phase;
    const samples = histogramOf(record, "loopLag", fromMs, toMs).total;
    if (samples === 0) {
      return { status: "unknown", why: "the generator did not report about itself in this phase", samples };
    }
    const seconds = (toMs - fromMs) / 1_000;
    const unfit = unfitSeconds(record, fromMs, toMs).filter(({ of }) => of === "generator");
    const measured = Math.round((1_000 * unfit.length) / seconds) / 10;
    const reasons = disqualifications(record, phase);
    const [first] = unfit;
    if (measured > limit && first) {
      reasons.unshift(
        `it did not keep up in ${show(unfit.length)} of ${plural(seconds, "second")}, first at ${first.second} s: ${first.why}`,
      );
    }
    if (reasons.length > 0) return { status: "unknown", why: reasons.join("; "), samples, measured };
    const note = first
      ? { note: `${plural(unfit.length, "second")} unfit, first at ${first.second} s: ${first.why}` }
      : {};
    return { status: "met", measured, samples, ...note };
  },
};
export default check;

function disqualifications(record: RunRecord, phase: Phase): string[] {
  const { ledger } = record;
  const { fromMs, toMs } = phase;
  const isIn = (atMs: number): boolean => atMs >= fromMs && atMs < toMs;
  const reasons: string[] = [];

  const holes = ledger.holes.filter((hole) => hole.fromMs < toMs && hole.toMs > fromMs);
  if (holes.length > 0) reasons.push(`reports of the load are missing (VU ${holes[0]?.vu})`);

  const errors = ledger.errors.filter(({ atMs }) => isIn(atMs));
  const [error] = errors;
  if (error) {
    reasons.push(`${plural(errors.length, "exception")} in the engine (${error.where}: ${error.message})`);
  }

  const exhausted = ledger.connections
    .filter((event) => event.what === "failed")
    .filter(({ atMs, reason }) => isIn(atMs) && EXHAUSTED.test(reason));
  const [failure] = exhausted;
  if (failure) {
    reasons.push(`${plural(exhausted.length, "connection")} failed on its own machine: ${failure.reason}`);
  }

  const late = countOf(record, "missedLate", fromMs, toMs);
  const latePercent = late === 0 ? 0 : (100 * late) / (late + countOf(record, "sent", fromMs, toMs));
  if (latePercent > LIMITS.missedLatePercent) {
    reasons.push(`${show(latePercent)} % of the schedule skipped (limit ${LIMITS.missedLatePercent})`);
  }
  const silenceMs = longestSilence(record, phase);
  if (silenceMs > LIMITS.silenceMs) {
    reasons.push(`no report for ${show(silenceMs)} ms (limit ${show(LIMITS.silenceMs)})`);
  }
  const stepMs = clockStep(record, phase);
  if (stepMs > LIMITS.clockStepMs) {
    reasons.push(`the clock stepped by ${show(stepMs)} ms (limit ${LIMITS.clockStepMs})`);
  }
  reasons.push(...shortages(record, phase));
  return reasons;
}

/** The longest time that any VU let pass between two reports, as far as it touches the phase. */
function longestSilence(record: RunRecord, { fromMs, toMs }: Phase): number {
  let longest = 0;
  for (const times of record.ledger.flushTimes.values()) {
    const marks = [0, ...times.map((atMs) => Math.max(0, atMs))];
    for (const [i, atMs] of marks.entries()) {
      const nextMs = marks[i + 1] ?? Math.max(atMs, toMs);
      if (atMs < toMs && nextMs > fromMs) longest = Math.max(longest, nextMs - atMs);
    }
  }
  return longest;
}

/** What its machine ran short of, at the worst second of each. */
function shortages(record: RunRecord, { fromMs, toMs }: Phase): string[] {
  const samples = record.samples.machine.filter(({ atMs }) => atMs > fromMs && atMs <= toMs + 500);
  const reasons: string[] = [];
  const worst = (value: (sample: MachineSample) => number | undefined) =>
    samples.reduce<{ at: number; value: number } | undefined>((most, sample) => {
      const here = value(sample);
      return here === undefined || (most && most.value >= here)
        ? most
        : { at: Math.round(sample.atMs / 1_000), value: here };
    }, undefined);

  const ports = worst((sample) => sample.portsUsed && 100 * sample.portsUsed);
  if (ports && ports.value >= LIMITS.portsPercent) {
    reasons.push(
      `${show(ports.value)} % of the local ports in use at ${ports.at} s (limit ${LIMITS.portsPercent})`,
    );
  }
  const descriptors = worst((sample) => sample.descriptorsUsed && 100 * sample.descriptorsUsed);
  if (descriptors && descriptors.value >= LIMITS.descriptorsPercent) {
    reasons.push(
      `${show(descriptors.value)} % of an engine's descriptors in use at ${descriptors.at} s (limit ${LIMITS.descriptorsPercent})`,
    );
  }
  const lag = worst((sample) => sample.telemetryLagMs);
  if (lag && lag.value > LIMITS.telemetryLagMs) {
    reasons.push(
      `a report took ${show(lag.value)} ms to arrive, at ${lag.at} s (limit ${show(LIMITS.telemetryLagMs)})`,
    );
  }
  const resolution = worst((sample) => sample.clockResolutionMs);
  if (resolution && resolution.value > LIMITS.clockResolutionMs) {
    reasons.push(
      `the clock ticks only every ${show(resolution.value)} ms (limit ${LIMITS.clockResolutionMs})`,
    );
  }
  return reasons;
}

function clockStep(record: RunRecord, { fromMs, toMs }: Phase): number {
  const steps = record.samples.machine
    .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
    .map(({ clockStepMs }) => clockStepMs);
  return steps.length === 0 ? 0 : Math.max(...steps) - Math.min(...steps);
}
