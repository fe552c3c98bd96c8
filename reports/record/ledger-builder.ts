import {
  emptyHistogram,
  type Histogram,
  type HistogramData,
  merge,
  toData,
} from "../../scenarios/model/histogram.ts";
import { add } from "../../scenarios/model/ledger.ts";
import {
  type Bye,
  type ConnectionEvent,
  type EngineError,
  type Flush,
  type Hello,
  MORE_DESTINATIONS,
  type Observation,
  type Oddity,
  type OutcomeTuple,
  type SecondHistogram,
  type SendTuple,
  type Telemetry,
} from "../../scenarios/model/telemetry.ts";
import { addRun, gapsOf } from "./intervals.ts";
import type { Plan } from "./plan.ts";
import {
  BALANCED,
  type CountRow,
  type FlushHole,
  type Gap,
  type GaugeRow,
  type Ledger,
  type SecondHistograms,
  type Send,
  type Slow,
  type SubscriptionWindow,
  UNPLACED,
} from "./run-record.ts";

/**
 * Puts the telemetry of a run together line by line, as it is read: memory is what the ledger itself takes (a number
 * or two for each run of messages, one row for each send), never the lines. The order of the lines does not matter.
 */
export class LedgerBuilder {
  readonly #hellos: Hello[] = [];
  readonly #byes: Bye[] = [];
  readonly #errors: EngineError[] = [];
  readonly #connections: Told[] = [];
  readonly #oddities: Oddity[] = [];
  readonly #observations: Observation[] = [];
  readonly #slowest: Slow[] = [];
  readonly #vus = new Map<number, Vu>();
  readonly #sends = new Sends();
  readonly #received = new Map<number, Map<number, number[]>>();
  readonly #sequences = new Map<number, Sequences>();
  readonly #histograms = new Histograms();
  /** What stands for every endpoint; undefined where each is a server of its own. */
  readonly #endpoint: number | undefined;

  constructor({ target }: Pick<Plan, "target">) {
    this.#endpoint = oneForAll(target);
  }

  add(line: Telemetry): void {
    if (line.type === "hello") this.#hellos.push(line);
    else if (line.type === "bye") this.#byes.push(line);
    else if (line.type === "error") this.#errors.push(line);
    else this.#flush(line);
  }

  finish(): Ledger {
    const vus = [...this.#vus].map(([vu, { flushes }]) => {
      return { vu, flushes: flushes.sort((a, b) => a.sequence - b.sequence) };
    });
    const lastFlushes = vus.map(({ flushes }) => (flushes.at(-1) as FlushRow).atMs);
    const untilMs = lastFlushes.length === 0 ? 0 : Math.min(...lastFlushes);
    const holes = vus.flatMap(holesIn).sort((a, b) => a.fromMs - b.fromMs);
    const told = this.#connections.sort((a, b) => byTime(a.event, b.event));
    const windows = windowsOf(told, vus, holes);
    return {
      hellos: this.#hellos,
      byes: this.#byes,
      errors: this.#errors,
      connections: told.map(({ event }) => event),
      windows,
      windowOf: new Map(windows.map((window) => [window.subscription, window])),
      sends: this.#sends.finish(),
      received: this.#received,
      sequences: new Map([...this.#sequences].map(([subscription, { runs }]) => [subscription, runs])),
      gaps: [...this.#sequences].flatMap(gapsIn).sort(byTime),
      oddities: this.#oddities.sort(byTime),
      observations: this.#observations.sort(byTime),
      slowest: this.#slowest.sort(
        (a, b) => b.latencyMs - a.latencyMs || a.publisher - b.publisher || a.slot - b.slot,
      ),
      ...this.#histograms.finish(),
      counts: vus.flatMap(countsOf).sort((a, b) => a.atMs - b.atMs || a.vu - b.vu),
      gauges: gaugesOf(vus),
      holes,
      flushTimes: new Map(vus.map(({ vu, flushes }) => [vu, flushes.map(({ atMs }) => atMs)])),
      untilMs,
    };
  }

  /** One that came twice counts once. */
  #flush(flush: Flush): void {
    const vu = getOr(this.#vus, flush.vu, () => ({ seen: [], flushes: [] }));
    const { sequence, atMs, counts, gauges } = flush;
    if (!add(vu.seen, sequence)) return;
    vu.flushes.push({ sequence, atMs, counts, gauges });
    for (const told of flush.connections) {
      const event =
        this.#endpoint !== undefined && "endpoint" in told ? { ...told, endpoint: this.#endpoint } : told;
      this.#connections.push({ vu: flush.vu, event });
    }
    for (const oddity of flush.oddities) this.#oddities.push(oddity);
    for (const observation of flush.observations ?? []) this.#observations.push(observation);
    for (const [latencyMs, subscription, publisher, slot, receivedMs] of flush.slowest) {
      this.#slowest.push({ latencyMs, subscription, publisher, slot, receivedMs });
    }
    for (const send of flush.sends) this.#sends.sent(send);
    for (const outcome of flush.outcomes) this.#sends.outcome(outcome);
    for (const [subscription, publisher, from, to] of flush.received) {
      const publishers = getOr(this.#received, subscription, () => new Map<number, number[]>());
      addRun(
        getOr(publishers, publisher, () => []),
        from,
        to,
      );
    }
    for (const [subscription, from, to] of flush.sequences ?? []) {
      const { runs, startedMs } = getOr(this.#sequences, subscription, newSequences);
      if (addRun(runs, from, to)) startedMs.set(from, atMs);
    }
    for (const histogram of flush.histograms) this.#histograms.add(flush.vu, histogram);
  }
}

/** A connection event and who told of it. */
interface Told {
  readonly vu: number;
  readonly event: ConnectionEvent;
}

interface Vu {
  /** Sequence numbers of its flushes, as runs. */
  readonly seen: number[];
  readonly flushes: FlushRow[];
}

type FlushRow = Pick<Flush, "sequence" | "atMs" | "counts" | "gauges">;
interface FlushesOf {
  readonly vu: number;
  /** By sequence number. */
  readonly flushes: readonly FlushRow[];
}

/** The room's numbers that a subscription got. A run that began apart from the others may have a gap before it. */
interface Sequences {
  readonly runs: number[];
  /** When the run that begins with this number was told. */
  readonly startedMs: Map<number, number>;
}

function newSequences(): Sequences {
  return { runs: [], startedMs: new Map() };
}

function gapsIn([subscription, { runs, startedMs }]: readonly [number, Sequences]): Gap[] {
  return gapsOf(runs).map(([fromSequence, toSequence]) => {
    return { subscription, fromSequence, toSequence, atMs: startedMs.get(toSequence + 1) ?? 0 };
  });
}

/** Sends with what became of them, each publisher's by slot. */
class Sends {
  readonly #ofPublisher = new Map<number, Sent[]>();
  /** Of sends that were not told yet. */
  readonly #early: OutcomeTuple[] = [];
  /** One text for each destination: JSON gives every row its own. */
  readonly #destinations = new Map<string, string>();

  sent([publisher, slot, text, intendedMs, sentMs]: SendTuple): void {
    const own = getOr(this.#ofPublisher, publisher, () => []);
    const destination = getOr(this.#destinations, text, () => text);
    const send: Sent = { publisher, slot, destination, intendedMs, sentMs, outcome: "unknown" };
    const last = own.at(-1);
    if (!last || last.slot < slot) {
      own.push(send);
      return;
    }
    const at = firstAtOrAfter(own, slot);
    if (own[at]?.slot !== slot) own.splice(at, 0, send);
  }

  /** Of several the earliest counts. */
  outcome(tuple: OutcomeTuple): void {
    const [publisher, slot, atMs, outcome] = tuple;
    const own = this.#ofPublisher.get(publisher) ?? [];
    const send = own[firstAtOrAfter(own, slot)];
    if (send?.slot !== slot) {
      this.#early.push(tuple);
    } else if (atMs < (send.outcomeMs ?? Number.POSITIVE_INFINITY)) {
      send.outcome = outcome === "c" ? "confirmed" : "rejected";
      send.outcomeMs = atMs;
    }
  }

  finish(): ReadonlyMap<number, readonly Send[]> {
    for (const tuple of this.#early.splice(0)) this.outcome(tuple);
    return this.#ofPublisher;
  }
}

type Sent = { -readonly [Field in keyof Send]: Send[Field] };

function firstAtOrAfter(sends: readonly Sent[], slot: number): number {
  let low = 0;
  let high = sends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sends[middle] as Sent).slot < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}

type Seconds = Map<number, Histogram>;

/** Adds up the deltas of each second, by role and by destination. */
class Histograms {
  readonly #byRole = new Map<string, Map<string, Seconds>>();
  readonly #byDestination = new Map<string, Map<string, Seconds>>();
  /** Which destinations of a metric and role a VU told of by name, and whether it had more than those. */
  readonly #told = new Map<string, { readonly metric: string; readonly names: Set<string>; more: boolean }>();

  add(vu: number, { metric, role, destination, second, data }: SecondHistogram): void {
    if (data.buckets.length === 0 && !data.negative) return;
    const into = (histograms: Map<string, Map<string, Seconds>>, key: string): void => {
      const keys = getOr(histograms, metric, () => new Map<string, Seconds>());
      const seconds = getOr(keys, key, () => new Map<number, Histogram>());
      merge(getOr(seconds, second, emptyHistogram), data);
    };
    into(this.#byRole, role);
    if (destination === undefined) return;
    const told = getOr(this.#told, `${vu}/${metric}/${role}`, () => {
      return { metric, names: new Set<string>(), more: false };
    });
    if (destination === MORE_DESTINATIONS) {
      told.more = true;
    } else {
      told.names.add(destination);
      into(this.#byDestination, destination);
    }
  }

  /** A destination stands for itself only where everybody who had too many of them told of this one by name. */
  finish(): Pick<Ledger, "histograms" | "byDestination"> {
    for (const { metric, names, more } of this.#told.values()) {
      if (!more) continue;
      const destinations = this.#byDestination.get(metric);
      for (const name of destinations?.keys() ?? []) if (!names.has(name)) destinations?.delete(name);
    }
    return { histograms: inOrder(this.#byRole), byDestination: inOrder(this.#byDestination) };
  }
}

function inOrder(metrics: ReadonlyMap<string, ReadonlyMap<string, Seconds>>): SecondHistograms {
  const bySecond = (seconds: Seconds): Map<number, HistogramData> =>
    new Map([...seconds].sort(([a], [b]) => a - b).map(([second, histogram]) => [second, toData(histogram)]));
  return new Map(
    [...metrics].map(([metric, keys]) => [
      metric,
      new Map([...keys].map(([key, seconds]) => [key, bySecond(seconds)])),
    ]),
  );
}

function holesIn({ vu, flushes }: FlushesOf): FlushHole[] {
  const holes: FlushHole[] = [];
  let expected = 0;
  let beforeMs = 0;
  for (const { sequence, atMs } of flushes) {
    if (sequence > expected) {
      holes.push({ vu, fromSequence: expected, toSequence: sequence - 1, fromMs: beforeMs, toMs: atMs });
    }
    expected = sequence + 1;
    beforeMs = atMs;
  }
  return holes;
}

/** The first flush of a VU covers what came since the run's start. */
function countsOf({ vu, flushes }: FlushesOf): CountRow[] {
  let [beforeMs, lastMs] = [0, 0];
  return flushes.map(({ atMs, counts }, i) => {
    // One that was sent in slices has one time.
    if (i === 0 || atMs > lastMs) [beforeMs, lastMs] = [i === 0 ? Math.min(0, atMs) : lastMs, atMs];
    return { vu, atMs, sinceMs: beforeMs, values: counts };
  });
}

function gaugesOf(vus: readonly FlushesOf[]): GaugeRow[] {
  const rows = vus.flatMap(({ vu, flushes }) => flushes.map(({ atMs, gauges }) => ({ vu, atMs, gauges })));
  const latestOfVu = new Map<number, Readonly<Record<string, number>>>();
  return rows
    .sort((a, b) => a.atMs - b.atMs || a.vu - b.vu)
    .map(({ vu, atMs, gauges }) => {
      latestOfVu.set(vu, gauges);
      const values: Record<string, number> = {};
      for (const own of latestOfVu.values()) {
        for (const [name, value] of Object.entries(own)) values[name] = (values[name] ?? 0) + value;
      }
      return { atMs, values };
    });
}

function byTime(a: { readonly atMs: number }, b: { readonly atMs: number }): number {
  return a.atMs - b.atMs;
}

/**
 * From the receipt of each SUBSCRIBE to the end of its connection. Where nobody told of the end, it lasts as long as
 * its own VU reported, or until its client dialled again; and where reports are missing, nothing is sure behind them.
 */
function windowsOf(
  told: readonly Told[],
  vus: readonly FlushesOf[],
  holes: readonly FlushHole[],
): SubscriptionWindow[] {
  const keyOf = (event: ConnectionEvent): string => `${event.client}/${event.attempt}`;
  const opened = new Map<string, { endpoint: number; server?: string }>();
  const closed = new Map<string, Extract<ConnectionEvent, { what: "closed" }>>();
  /** By client: the first that was heard of each attempt, in that order. */
  const begun = new Map<number, [attempt: number, atMs: number][]>();
  for (const { event } of told) {
    const key = keyOf(event);
    if (event.what === "connected") opened.set(key, event);
    if (event.what === "closed" && !closed.has(key)) closed.set(key, event);
    const attempts = getOr(begun, event.client, () => []);
    if (event.attempt > (attempts.at(-1)?.[0] ?? -1)) attempts.push([event.attempt, event.atMs]);
  }
  const lastFlush = new Map(vus.map(({ vu, flushes }) => [vu, flushes.at(-1)?.atMs ?? 0]));
  const windows: SubscriptionWindow[] = [];
  for (const { vu, event } of told) {
    if (event.what !== "subscribed") continue;
    const { client, attempt, subscription, destination, askedMs, atMs: fromMs } = event;
    const end = closed.get(keyOf(event));
    const start = opened.get(keyOf(event)) ?? end;
    const endpoint = start?.endpoint ?? -1;
    const nextMs = begun.get(client)?.find(([later]) => later > attempt)?.[1] ?? Number.POSITIVE_INFINITY;
    const toMs = end?.atMs ?? Math.max(fromMs, Math.min(lastFlush.get(vu) ?? 0, nextMs));
    const unseen = holes
      .filter((hole) => hole.vu === vu && hole.toMs > fromMs && hole.fromMs < toMs)
      .map((hole) => ({ fromMs: hole.fromMs, toMs: hole.toMs }));
    const surelyMs = end ? toMs : Math.min(toMs, ...unseen.map((span) => span.fromMs));
    const orderly = !end || (end.by === "self" && end.code !== null);
    windows.push({
      subscription,
      client,
      attempt,
      destination,
      endpoint,
      server: start?.server ?? end?.server ?? (endpoint < 0 ? "" : `server-${endpoint + 1}`),
      askedMs,
      fromMs,
      toMs,
      ended: end?.by ?? "open",
      heardMs: orderly ? Math.max(fromMs, surelyMs) : Math.max(fromMs, toMs - end.silentMs),
      unseen,
    });
  }
  return windows;
}

function getOr<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/**
 * Where all clients dial one balancer, its address says nothing of the instance: that is known from CONNECTED only. Nor
 * does the one address of a user's own system, unless its one metrics page says that it is one server.
 */
function oneForAll(target: Plan["target"]): number | undefined {
  if (target.kind === "reference") return target.balancer === undefined ? undefined : BALANCED;
  return target.urls.length === 1 && target.metricsUrls.length !== 1 ? UNPLACED : undefined;
}
