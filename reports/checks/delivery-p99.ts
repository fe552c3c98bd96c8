import { type Histogram, percentile } from "../../scenarios/model/histogram.ts";
import type { Check } from "../check.ts";
import { stolenMs, unfitSeconds } from "../fitness.ts";
import { histogramOf, ms, plural, show } from "../measure.ts";
import {
  ENOUGH_PROBE_SAMPLES,
  isEverywhere,
  K6_READS_HIGH,
  probeFigures,
  probeHistogram,
  tellProbe,
} from "../probe.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { Breached, Counterexample, Met, Unknown } from "../verdict.ts";
import { faultInForce, faultSpans, type Phase } from "../windows.ts";

/** Below this many samples the 99th percentile is nothing but the maximum. */
const FEWEST_SAMPLES = 100;
/** From here on the 99th percentile stands on 10 samples or more above it (I81). */
const ENOUGH_SAMPLES = 1_000;
/** A delivery before its own intended time means that the clocks disagree; whole-ms clocks make this much. */
const CLOCK_TOLERANCE_US = 2_000;
const EVIDENCE = 5;

const check: Check = {
  name: "delivery-p99",
  summary: "99 % of the deliveries arrive in time, counted from when they should have been sent",
  requirement: ["INV-LATENCY", "D1", "D3", "I81", "I87"],
  unit: "ms",
  limits: { baseline: 100, fault: 1_000, recovery: 1_000, final: 100 },
  explain: [
    "End-to-end latency from the intended send time to the receipt at each subscriber, so a stalled sender hides",
    "nothing. Limits: 100 ms without a fault (D1), 1 s during a fault and while recovering from it (D3). A message",
    "counts in the phase in which it was intended. The percentile is read from histograms whose buckets are 0.8 %",
    `wide, rounded up. With fewer than ${FEWEST_SAMPLES} deliveries the check is unknown; with fewer than`,
    `${show(ENOUGH_SAMPLES)} it is met or breached only if two standard errors of the rank to the other side say the same,`,
    "and unknown in between (I81). A generator or machine that stumbles can only add latency: what is met",
    "with all seconds is met; what is not is judged again without the seconds in which the generator was late, the",
    "machine full or the CPU taken away by the hypervisor (much of it, or as many ms of one core as the percentile is",
    "over the limit), and without the second before each of them, whose last messages wait with it; it is unknown if",
    "those are half of the phase or more (I87). Where a probe ran beside k6, k6's",
    `own figure is an upper bound: over the limit by up to ${K6_READS_HIGH} times, the probe's decides, from`,
    `${show(ENOUGH_PROBE_SAMPLES)} samples on and if it listened at every address. It sees only what arrived: see`,
    "no-lost-message for the rest.",
  ].join(" "),
  judge(record, phase, limit) {
    const { fromMs, toMs } = phase;
    const both = probeFigures(record, fromMs, toMs);
    const beside = both ? { note: tellProbe(both) } : {};
    const all = verdictOf(histogramOf(record, "delivery", fromMs, toMs), limit);
    if (all.status === "unknown") return all;
    if (all.status === "met") return { ...all, ...beside };
    if (isProbes(record, all.measured, limit) && isEverywhere(record)) {
      const own = verdictOf(probeHistogram(record, fromMs, toMs), limit);
      if (own.status === "met" && own.samples >= ENOUGH_PROBE_SAMPLES) return { ...own, ...beside };
    }

    const unfit = new Map(unfitSeconds(record, fromMs, toMs).map(({ second, why }) => [second, why]));
    let except = withThoseBefore(unfit, fromMs);
    let fit = verdictOf(histogramOf(record, "delivery", fromMs, toMs, except), limit);
    while (fit.status === "breached") {
      const stolen = secondsStolen(record, phase, except, fit.measured - limit);
      if (stolen.size === 0) break;
      for (const [second, why] of stolen) unfit.set(second, why);
      except = withThoseBefore(unfit, fromMs);
      fit = verdictOf(histogramOf(record, "delivery", fromMs, toMs, except), limit);
    }
    const [first] = [...unfit].sort(([one], [other]) => one - other);
    if (!first) return { ...all, ...beside, counterexamples: slowest(record, phase, limit) };
    const seconds = (toMs - fromMs) / 1_000;
    const aside = `${show(except.size)} of ${plural(seconds, "second")} set aside, for ${first[0]} s: ${first[1]}`;
    if (2 * except.size >= seconds || fit.status === "unknown") {
      const { measured, samples } = all;
      return {
        status: "unknown",
        why: `${all.why}; but too little is left to judge: ${aside}`,
        samples,
        measured,
      };
    }
    const note = [`${aside}; with them ${show(all.measured)} ms`, ...(both ? [tellProbe(both)] : [])].join(
      "; ",
    );
    if (fit.status === "met") return { ...fit, note };
    return { ...fit, note, counterexamples: slowest(record, phase, limit, except) };
  },
};
export default check;

/** What was due just before such a second waits with it. */
function withThoseBefore(unfit: ReadonlyMap<number, string>, fromMs: number): ReadonlySet<number> {
  const seconds = new Set([...unfit.keys()].flatMap((second) => [second - 1, second]));
  seconds.delete(Math.floor(fromMs / 1_000) - 1);
  return seconds;
}

/** The other seconds in which the hypervisor took as much as the percentile is over its limit: it may be all of its making. */
function secondsStolen(
  record: RunRecord,
  { fromMs, toMs }: Phase,
  except: ReadonlySet<number>,
  excessMs: number,
): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (let second = Math.floor(fromMs / 1_000); second * 1_000 < toMs; second++) {
    const tookMs = stolenMs(record, second);
    if (!except.has(second) && tookMs >= excessMs)
      found.set(second, `the hypervisor took up to ${show(tookMs)} ms from a core`);
  }
  return found;
}

/** Over the limit by no more than what k6 itself may add, in a run that only k6 measured: the probe decides. */
function isProbes(record: RunRecord, measured: number, limit: number): boolean {
  return measured <= K6_READS_HIGH * limit && record.plan.roles.every(({ engine }) => engine === "k6");
}

/** Without its evidence, if breached. */
function verdictOf(histogram: Histogram, limit: number): Met | Breached | Unknown {
  const samples = histogram.total;
  if (samples === 0) return { status: "unknown", why: "nothing was delivered in this phase", samples };
  if (histogram.minUs < -CLOCK_TOLERANCE_US) {
    const why = `a delivery came ${show(-histogram.minUs / 1_000)} ms before it was due: the clocks disagree`;
    return { status: "unknown", why, samples };
  }
  const measured = ms(Math.max(0, percentile(histogram, 0.99) as number));
  if (samples < FEWEST_SAMPLES) {
    const why = `only ${plural(samples, "delivery", "deliveries")}; a 99th percentile needs ${FEWEST_SAMPLES}`;
    return { status: "unknown", why, samples, measured };
  }
  const [lower, upper] = p99Between(histogram);
  if (samples < ENOUGH_SAMPLES && lower <= limit && upper > limit) {
    const why = `${samples} deliveries are too few to tell: the 99th percentile lies between ${show(lower)} and ${show(upper)} ms`;
    return { status: "unknown", why, samples, measured };
  }
  if (measured > limit) {
    const slow = `1 % of ${show(samples)} deliveries (${show(Math.ceil(0.01 * samples))})`;
    const why = `${slow} took ${show(measured)} ms or longer, up to ${show(histogram.maxUs / 1_000)} ms; the limit is ${show(limit)} ms`;
    return { status: "breached", measured, samples, why, counterexamples: [] };
  }
  return { status: "met", measured, samples };
}

/** The values two standard errors of the rank below and above the 99th percentile (binomial), ms. */
function p99Between(histogram: Histogram): readonly [number, number] {
  const n = histogram.total;
  const rank = Math.ceil(0.99 * n);
  const off = Math.ceil(2 * Math.sqrt(n * 0.99 * 0.01));
  const at = (wanted: number): number =>
    ms(percentile(histogram, Math.min(n, Math.max(1, wanted)) / n) as number);
  return [at(rank - off), at(rank + off)];
}

function slowest(
  record: RunRecord,
  phase: Phase,
  limit: number,
  except?: ReadonlySet<number>,
): Counterexample[] {
  const spans = faultSpans(record);
  return record.ledger.slowest
    .filter(({ latencyMs, receivedMs }) => {
      const intendedMs = receivedMs - latencyMs;
      const isIn = intendedMs >= phase.fromMs && intendedMs < phase.toMs;
      return isIn && latencyMs > limit && !except?.has(Math.floor(intendedMs / 1_000));
    })
    .slice(0, EVIDENCE)
    .map((slow) => {
      const window = record.ledger.windowOf.get(slow.subscription);
      const fault = faultInForce(spans, slow.receivedMs - slow.latencyMs);
      const message = `${slow.publisher}#${slow.slot}`;
      const to = window ? ` to client ${window.client} on ${window.server}` : "";
      return {
        text: `${message} took ${show(slow.latencyMs)} ms${to}`,
        atMs: slow.receivedMs,
        message,
        ...(window ? { client: window.client, server: window.server } : {}),
        ...(fault === undefined ? {} : { fault }),
      };
    });
}
