import { emptyHistogram, merge, percentile } from "../../../scenarios/model/histogram.ts";
import type { HistogramName } from "../../../scenarios/model/metrics.ts";
import { tellProbe } from "../../probe.ts";
import type { RunRecord } from "../../record/run-record.ts";
import type { Report } from "../../report.ts";
import { largest, plural, showAt, showNumber } from "../numbers.ts";
import { plain } from "../plain.ts";

/** One measured property of the generator or one thing that nobody could decide (G31). */
export interface Fact {
  readonly what: string;
  readonly value: string;
  /** What it means for the verdict. */
  readonly meaning: string;
}

/** What the generator itself did: a saturated one makes every latency its own. */
export function generatorFacts(report: Report, record: RunRecord): readonly Fact[] {
  const { machine } = record.samples;
  const sent = total(record, "sent");
  const offline = total(record, "missedOffline");
  const late = total(record, "missedLate");
  const slots = sent + offline + late;
  const cpu = machine.flatMap((sample) => (sample.cpu === undefined ? [] : [sample.cpu]));
  const worst = (values: readonly number[]) => (values.length === 0 ? undefined : largest(values, 0));
  const percent = (share: number | undefined) =>
    share === undefined ? "not measured" : `${showNumber(share * 100)}%`;
  const ms = (value: number | undefined) =>
    value === undefined ? "not measured" : `${showNumber(value)} ms`;
  const share = (values: readonly (number | undefined)[]) =>
    percent(worst(values.filter((value) => value !== undefined)));
  const facts: (Fact | false | undefined)[] = [
    {
      what: "slots sent, of those that fell due",
      value:
        slots === 0
          ? "none fell due"
          : `${showNumber(sent)} of ${showNumber(slots)} (${percent(sent / slots)})`,
      meaning: `${showNumber(late)} skipped because the generator was late; ${showNumber(offline)} while the client was offline`,
    },
    {
      what: "send lateness p50 / p99 / max",
      value: quantiles(record, "lateness"),
      meaning: "intended to actual send time; latencies count from the intended time, so this is inside them",
    },
    {
      what: "engine loop lag p50 / p99 / max",
      value: quantiles(record, "loopLag"),
      meaning: "how late a 10 ms timer of the load engine fires",
    },
    {
      what: "harness loop lag, worst second p99 / max",
      value: `${ms(worst(machine.map((sample) => sample.loopLagP99Ms)))} / ${ms(worst(machine.map((sample) => sample.loopLagMaxMs)))}`,
      meaning: "delays fault times and scrapes, not the latencies",
    },
    {
      what: "machine CPU mean / worst second",
      value: `${percent(cpu.length === 0 ? undefined : cpu.reduce((sum, share) => sum + share, 0) / cpu.length)} / ${percent(worst(cpu))}`,
      meaning: "share of all cores; load and target share them here",
    },
    {
      what: "largest step of the wall clock",
      value: ms(worst(machine.map((sample) => Math.abs(sample.clockStepMs)))),
      meaning: "against the monotonic clock; a step voids the latencies around it",
    },
    machine.some(({ stolen }) => stolen) && {
      what: "CPU taken away by the hypervisor, worst second",
      value: share(machine.map(({ stolen }) => stolen)),
      meaning: "such seconds are set aside where a latency would be over its limit",
    },
    machine.some(({ processWaitMs }) => processWaitMs !== undefined) && {
      what: "longest wait of one of its processes for a core, in a second",
      value: ms(worst(machine.flatMap(({ processWaitMs }) => Object.values(processWaitMs ?? {})))),
      meaning:
        "load and target alike; seconds with 50 ms, and 0.5 ms before each turn, are set aside where a latency would be over its limit",
    },
    machine.some(({ descriptorsUsed }) => descriptorsUsed !== undefined) && {
      what: "descriptors / local ports of the load, worst second",
      value: `${share(machine.map(({ descriptorsUsed }) => descriptorsUsed))} / ${share(machine.map(({ portsUsed }) => portsUsed))}`,
      meaning: "of what an engine may open, and of the ports that it may dial by",
    },
    machine.some(({ telemetryLagMs }) => telemetryLagMs !== undefined) && {
      what: "a report of the load on its way, longest",
      value: ms(worst(machine.flatMap(({ telemetryLagMs }) => telemetryLagMs ?? []))),
      meaning: "delays what is shown while it runs, not what is judged",
    },
    report.probe && {
      what: "delivery p99, k6 / the probe",
      value: `${showNumber(report.probe.k6P99Ms)} / ${showNumber(report.probe.probeP99Ms)} ms`,
      meaning: `${tellProbe(report.probe)}; k6's own is an upper bound`,
    },
  ];
  return facts.filter((fact) => fact !== false && fact !== undefined);
}

/** What this run could not decide; each is counted, none is guessed. */
export function undecidedFacts(report: Report, record: RunRecord): readonly Fact[] {
  const { ledger } = record;
  let sends = 0;
  let unanswered = 0;
  for (const own of ledger.sends.values()) {
    sends += own.length;
    for (const send of own) if (send.outcome === "unknown") unanswered++;
  }
  const open = ledger.windows.filter((window) => window.ended === "open").length;
  const dropped = total(record, "odditiesDropped");
  const abandoned = ledger.byes.reduce((sum, bye) => sum + bye.abandoned, 0);
  const holes = ledger.holes.reduce((sum, hole) => sum + hole.toSequence - hole.fromSequence + 1, 0);
  const facts: (Fact | false)[] = [
    {
      what: "sends without an answer",
      value: `${showNumber(unanswered)} of ${showNumber(sends)}`,
      meaning: "neither lost nor confirmed: nobody promised to deliver them",
    },
    open > 0 && {
      what: "subscriptions still open when the record ends",
      value: `${showNumber(open)} of ${showNumber(ledger.windows.length)}`,
      meaning: "what was due to them near the end is undecided",
    },
    dropped > 0 && {
      what: "duplicates or inversions over the listing cap",
      value: showNumber(dropped),
      meaning: "counted, but without their ids",
    },
    abandoned > 0 && {
      what: "sockets abandoned",
      value: showNumber(abandoned),
      meaning: "their peer never answered the close",
    },
    ledger.hellos.length === 0 && {
      what: "load engine",
      value: "never reported",
      meaning: "there is nothing to judge",
    },
    ledger.hellos.length > ledger.byes.length && {
      what: "engine parts that never said goodbye",
      value: `${ledger.hellos.length - ledger.byes.length} of ${ledger.hellos.length}`,
      meaning: "what they saw last is missing",
    },
    ...report.judgements.flatMap(({ check, phase, verdict }) =>
      verdict.status === "unknown" || verdict.note === undefined
        ? []
        : [{ what: check, value: plain(phase), meaning: plain(verdict.note) }],
    ),
    record.audit === undefined && {
      what: "the system's own store",
      value: "not read",
      meaning: "a delivered message that was never stored cannot be told",
    },
    ...ledger.holes.slice(0, 5).map((hole) => ({
      what: `telemetry hole of part ${hole.vu}`,
      value: plural(hole.toSequence - hole.fromSequence + 1, "flush").replace("flushs", "flushes"),
      meaning: `${showAt(hole.fromMs)} to ${showAt(hole.toMs)}: what happened there is unknown`,
    })),
    ledger.holes.length > 5 && {
      what: "telemetry flushes missing, in all",
      value: showNumber(holes),
      meaning: "unknown",
    },
    ...record.torn.map((line) => ({ what: "the record is torn", value: "", meaning: plain(line) })),
    ...ledger.errors.slice(0, 5).map((error) => ({
      what: `the engine threw at ${showAt(error.atMs)}`,
      value: plain(error.where),
      meaning: plain(error.message),
    })),
    ledger.errors.length > 5 && {
      what: "engine errors, in all",
      value: showNumber(ledger.errors.length),
      meaning: "guarded and recorded; each may have lost one callback",
    },
  ];
  return facts.filter((fact) => fact !== false);
}

function total(record: RunRecord, name: string): number {
  return record.ledger.counts.reduce((sum, row) => sum + (row.values[name] ?? 0), 0);
}

function quantiles(record: RunRecord, metric: HistogramName): string {
  const all = emptyHistogram();
  for (const seconds of record.ledger.histograms.get(metric)?.values() ?? []) {
    for (const data of seconds.values()) merge(all, data);
  }
  if (all.total === 0) return "not measured";
  return [0.5, 0.99, 1]
    .map((q) => showNumber((percentile(all, q) as number) / 1_000))
    .join(" / ")
    .concat(" ms");
}
