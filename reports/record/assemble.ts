import {
  emptyHistogram,
  type Histogram,
  type HistogramData,
  merge,
  toData,
} from "../../scenarios/model/histogram.ts";
import type {
  Bye,
  ConnectionEvent,
  EngineError,
  Flush,
  Hello,
  Telemetry,
} from "../../scenarios/model/telemetry.ts";
import type { Ended, HistoryEvent } from "./history.ts";
import { normalise } from "./intervals.ts";
import type { Plan } from "./plan.ts";
import type {
  CountRow,
  FlushHole,
  GaugeRow,
  Intervals,
  Ledger,
  RunRecord,
  SecondHistograms,
  Send,
  Slow,
  SubscriptionWindow,
} from "./run-record.ts";
import type { AuditLine, Sample } from "./samples.ts";

/** The lines of a record as they were written, whole or not. */
export interface RecordLines {
  readonly plan: Plan;
  readonly history: readonly HistoryEvent[];
  readonly ledger: readonly Telemetry[];
  readonly samples: readonly Sample[];
  readonly audit?: AuditLine;
  /** What the reader found missing. */
  readonly torn?: readonly string[];
}

/** Puts the lines of a record in order. Pure: the same lines give the same record. */
export function assemble(lines: RecordLines): RunRecord {
  const { plan, history } = lines;
  const ledger = assembleLedger(lines.ledger);
  const samples = [...lines.samples].sort((a, b) => a.atMs - b.atMs);
  const ended = endOf(history);
  const startEpochMs = history.findLast((event) => event.kind === "run" && event.what === "go") as
    | { startEpochMs?: number }
    | undefined;
  return {
    plan,
    ended,
    history,
    ...(startEpochMs?.startEpochMs === undefined ? {} : { startEpochMs: startEpochMs.startEpochMs }),
    durationMs: latest([history, samples, ledger.connections, ledger.gauges, ledger.byes]),
    torn: [...(lines.torn ?? []), ...whatIsMissing(ended, history, ledger)],
    ledger,
    samples: {
      servers: samples.filter((sample) => sample.kind === "server"),
      machine: samples.filter((sample) => sample.kind === "machine"),
    },
    ...(lines.audit ? { audit: lines.audit } : {}),
  };
}

function endOf(history: readonly HistoryEvent[]): Ended {
  for (const event of history.toReversed()) {
    if (event.kind === "run" && event.what === "ended" && event.ended) return event.ended;
  }
  return { how: "torn" };
}

function latest(lists: readonly (readonly { readonly atMs: number }[])[]): number {
  return lists.flat().reduce((last, { atMs }) => Math.max(last, atMs), 0);
}

function whatIsMissing(ended: Ended, history: readonly HistoryEvent[], ledger: Ledger): string[] {
  const missing: string[] = [];
  if (ended.how === "torn") missing.push("nobody wrote how the run ended: the harness itself died");
  const went = history.some((event) => event.kind === "run" && event.what === "go");
  if (went && ledger.flushTimes.size === 0) missing.push("the load never reported");
  for (const hole of ledger.holes) {
    const count = hole.toSequence - hole.fromSequence + 1;
    missing.push(
      `VU ${hole.vu}: ${count} of its reports are missing between ${hole.fromMs} and ${hole.toMs} ms`,
    );
  }
  if (ended.how === "completed") {
    for (const vu of ledger.flushTimes.keys()) {
      if (!ledger.byes.some((bye) => bye.vu === vu)) missing.push(`VU ${vu} never said bye`);
    }
  }
  return missing;
}

function assembleLedger(lines: readonly Telemetry[]): Ledger {
  const hellos: Hello[] = [];
  const byes: Bye[] = [];
  const errors: EngineError[] = [];
  const flushesOfVu = new Map<number, Flush[]>();
  for (const line of lines) {
    if (line.type === "hello") hellos.push(line);
    else if (line.type === "bye") byes.push(line);
    else if (line.type === "error") errors.push(line);
    else getOr(flushesOfVu, line.vu, () => []).push(line);
  }
  for (const [vu, flushes] of flushesOfVu) flushesOfVu.set(vu, inSequence(flushes));
  const flushes = [...flushesOfVu.values()].flat().sort((a, b) => a.atMs - b.atMs || a.vu - b.vu);
  const lastFlushes = [...flushesOfVu.values()].map((own) => (own.at(-1) as Flush).atMs);
  const untilMs = lastFlushes.length === 0 ? 0 : Math.min(...lastFlushes);
  const endMs = Math.max(0, ...lastFlushes);

  const connections = flushes.flatMap((flush) => flush.connections).sort((a, b) => a.atMs - b.atMs);
  const windows = windowsOf(connections, endMs);
  return {
    hellos,
    byes,
    errors,
    connections,
    windows,
    windowOf: new Map(windows.map((window) => [window.subscription, window])),
    sends: sendsOf(flushes),
    received: receivedOf(flushes),
    oddities: flushes.flatMap((flush) => flush.oddities).sort((a, b) => a.atMs - b.atMs),
    slowest: flushes
      .flatMap((flush) => flush.slowest)
      .map(([latencyMs, subscription, publisher, slot, receivedMs]): Slow => {
        return { latencyMs, subscription, publisher, slot, receivedMs };
      })
      .sort((a, b) => b.latencyMs - a.latencyMs || a.publisher - b.publisher || a.slot - b.slot),
    histograms: histogramsOf(flushes),
    counts: [...flushesOfVu.values()].flatMap(countsOf).sort((a, b) => a.atMs - b.atMs || a.vu - b.vu),
    gauges: gaugesOf(flushes),
    holes: [...flushesOfVu.values()].flatMap(holesIn).sort((a, b) => a.fromMs - b.fromMs),
    flushTimes: new Map([...flushesOfVu].map(([vu, own]) => [vu, own.map((flush) => flush.atMs)])),
    untilMs,
  };
}

/** By sequence number; a flush that came twice counts once. */
function inSequence(flushes: readonly Flush[]): Flush[] {
  const bySequence = new Map<number, Flush>();
  for (const flush of flushes) {
    if (!bySequence.has(flush.sequence)) bySequence.set(flush.sequence, flush);
  }
  return [...bySequence.values()].sort((a, b) => a.sequence - b.sequence);
}

function holesIn(flushes: readonly Flush[]): FlushHole[] {
  const holes: FlushHole[] = [];
  let expected = 0;
  let beforeMs = 0;
  for (const { vu, sequence, atMs } of flushes) {
    if (sequence > expected) {
      holes.push({
        vu,
        fromSequence: expected,
        toSequence: sequence - 1,
        fromMs: beforeMs,
        toMs: atMs,
      });
    }
    expected = sequence + 1;
    beforeMs = atMs;
  }
  return holes;
}

function windowsOf(connections: readonly ConnectionEvent[], endMs: number): SubscriptionWindow[] {
  const keyOf = (event: ConnectionEvent): string => `${event.client}/${event.attempt}`;
  const opened = new Map<string, { endpoint: number; server?: string }>();
  const closed = new Map<string, Extract<ConnectionEvent, { what: "closed" }>>();
  for (const event of connections) {
    if (event.what === "connected") opened.set(keyOf(event), event);
    if (event.what === "closed" && !closed.has(keyOf(event))) closed.set(keyOf(event), event);
  }
  const windows: SubscriptionWindow[] = [];
  for (const event of connections) {
    if (event.what !== "subscribed") continue;
    const end = closed.get(keyOf(event));
    const start = opened.get(keyOf(event)) ?? end;
    const endpoint = start?.endpoint ?? -1;
    const toMs = end?.atMs ?? Math.max(endMs, event.atMs);
    const orderly = !end || (end.by === "self" && end.code !== null);
    windows.push({
      subscription: event.subscription,
      client: event.client,
      attempt: event.attempt,
      destination: event.destination,
      endpoint,
      server: start?.server ?? end?.server ?? `server-${endpoint + 1}`,
      askedMs: event.askedMs,
      fromMs: event.atMs,
      toMs,
      ended: end?.by ?? "open",
      heardMs: orderly ? toMs : Math.max(event.atMs, toMs - end.silentMs),
    });
  }
  return windows;
}

function sendsOf(flushes: readonly Flush[]): Map<number, readonly Send[]> {
  const outcomes = new Map<string, readonly [number, "c" | "r"]>();
  for (const [publisher, slot, atMs, outcome] of flushes.flatMap((flush) => flush.outcomes)) {
    const key = `${publisher}#${slot}`;
    if (!outcomes.has(key)) outcomes.set(key, [atMs, outcome]);
  }
  const sends = new Map<number, Map<number, Send>>();
  for (const [publisher, slot, destination, intendedMs, sentMs] of flushes.flatMap((flush) => flush.sends)) {
    const [outcomeMs, outcome] = outcomes.get(`${publisher}#${slot}`) ?? [];
    const own = getOr(sends, publisher, () => new Map());
    if (own.has(slot)) continue;
    own.set(slot, {
      publisher,
      slot,
      destination,
      intendedMs,
      sentMs,
      outcome: outcome === "c" ? "confirmed" : outcome === "r" ? "rejected" : "unknown",
      ...(outcomeMs === undefined ? {} : { outcomeMs }),
    });
  }
  return new Map(
    [...sends].map(([publisher, own]) => [publisher, [...own.values()].sort((a, b) => a.slot - b.slot)]),
  );
}

function receivedOf(flushes: readonly Flush[]): Map<number, ReadonlyMap<number, Intervals>> {
  const runs = new Map<number, Map<number, [number, number][]>>();
  for (const [subscription, publisher, from, to] of flushes.flatMap((flush) => flush.received)) {
    getOr(
      getOr(runs, subscription, () => new Map<number, [number, number][]>()),
      publisher,
      () => [],
    ).push([from, to]);
  }
  return new Map(
    [...runs].map(([subscription, own]) => [
      subscription,
      new Map([...own].map(([publisher, list]) => [publisher, normalise(list)])),
    ]),
  );
}

function histogramsOf(flushes: readonly Flush[]): SecondHistograms {
  const merged = new Map<string, Map<string, Map<number, Histogram>>>();
  for (const { metric, role, second, data } of flushes.flatMap((flush) => flush.histograms)) {
    if (data.buckets.length === 0 && !data.negative) continue;
    const roles = getOr(merged, metric, () => new Map<string, Map<number, Histogram>>());
    const seconds = getOr(roles, role, () => new Map<number, Histogram>());
    merge(getOr(seconds, second, emptyHistogram), data);
  }
  const bySecond = (seconds: Map<number, Histogram>): Map<number, HistogramData> =>
    new Map([...seconds].sort(([a], [b]) => a - b).map(([second, histogram]) => [second, toData(histogram)]));
  return new Map(
    [...merged].map(([metric, roles]) => [
      metric,
      new Map([...roles].map(([role, seconds]) => [role, bySecond(seconds)])),
    ]),
  );
}

/** The first flush of a VU covers what came since the run's start. */
function countsOf(flushes: readonly Flush[]): CountRow[] {
  return flushes.map(({ vu, atMs, counts }, i) => {
    return { vu, atMs, sinceMs: flushes[i - 1]?.atMs ?? Math.min(0, atMs), values: counts };
  });
}

function gaugesOf(flushes: readonly Flush[]): GaugeRow[] {
  const latestOfVu = new Map<number, Readonly<Record<string, number>>>();
  return flushes.map(({ vu, atMs, gauges }) => {
    latestOfVu.set(vu, gauges);
    const values: Record<string, number> = {};
    for (const own of latestOfVu.values()) {
      for (const [name, value] of Object.entries(own)) values[name] = (values[name] ?? 0) + value;
    }
    return { atMs, values };
  });
}

function getOr<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
