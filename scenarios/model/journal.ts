import { emptyHistogram, type Histogram, record, toData } from "./histogram.ts";
import { type Delivery, Ledger, receivedIn, sequencesIn } from "./ledger.ts";
import type { CountName, GaugeName, HistogramName } from "./metrics.ts";
import { roundMs } from "./round-ms.ts";
import {
  type ConnectionEvent,
  type Flush,
  MORE_DESTINATIONS,
  type Observation,
  type OutcomeTuple,
  type ReceivedTuple,
  type SecondHistogram,
  type SendTuple,
  type SequenceTuple,
  type SlowTuple,
} from "./telemetry.ts";

/** Slow deliveries kept of each flush. */
const SLOWEST = 5;
/** Pairs of subscription and publisher that are written out in one step. */
const PAIRS_A_STEP = 150;
/**
 * Destinations with histograms of their own, of each metric, role and VU; those that come later share one. Each costs
 * some 200 bytes a second of telemetry, and a chat of 15,000 has 1,500 rooms.
 */
export const DESTINATIONS_MAX = 16;
/** Rows of one flush line; a longer second is sent in several, so that no turn of the engine takes long. */
const ROWS_MAX = 4_000;

/** One message as a subscriber got it. */
export interface Arrival extends Delivery {
  readonly intendedMs: number;
  readonly role: string;
  /** The subscriber had slowed its own reading: how late it came says nothing about the server. */
  readonly slow?: boolean;
  /** Of the subscription on which it came. */
  readonly destination?: string | undefined;
  /** The journal's own note, on arrivals that are used again: where the last latency of it went. */
  place?: Place | undefined;
}

/**
 * What one VU has seen since its last flush. Filled on the hot path, emptied once a second; it keeps distributions
 * and runs, never a list of samples. Times are ms after the run's start.
 */
export class Journal {
  readonly #vu: number;
  readonly #ledger = new Ledger();
  #sequence = 0;
  #connections: ConnectionEvent[] = [];
  #sends: SendTuple[] = [];
  #outcomes: OutcomeTuple[] = [];
  #observations: Observation[] = [];
  #slowest: SlowTuple[] = [];
  /** What is not slower than this is not among the slowest. */
  #slowMs = Number.NEGATIVE_INFINITY;
  readonly #histograms = new Map<string, RoleHistograms>();
  #counts: Partial<Record<CountName, number>> = {};
  #deliveries = 0;
  #bytesIn = 0;

  constructor(vu: number) {
    this.#vu = vu;
  }

  connection(event: ConnectionEvent): void {
    this.#connections.push({ ...event, atMs: roundMs(event.atMs) });
  }

  sent(tuple: SendTuple): void {
    const [publisher, slot, destination, intendedMs, sentMs] = tuple;
    this.#sends.push([publisher, slot, destination, intendedMs, roundMs(sentMs)]);
    this.count("sent");
  }

  outcome(publisher: number, slot: number, atMs: number, outcome: OutcomeTuple[3]): void {
    this.#outcomes.push([publisher, slot, roundMs(atMs), outcome]);
  }

  observed(observation: Observation): void {
    this.#observations.push({ ...observation, atMs: roundMs(observation.atMs) });
  }

  /** Characters of a text that came, which are its bytes in nearly every one that we meet. */
  heard(characters: number): void {
    this.#bytesIn += characters;
  }

  /**
   * Latency is counted for the first copy only, from the intended send time. The hot path: nothing is made here, and
   * the arrival is not kept, so that its owner can use it again.
   */
  arrived(arrival: Arrival): void {
    this.#deliveries += 1;
    if (!this.#ledger.receive(arrival)) return;
    const { intendedMs, receivedMs } = arrival;
    const latencyMs = receivedMs - intendedMs;
    let { place } = arrival;
    if (place === undefined || intendedMs < place.fromMs || intendedMs >= place.toMs || place.isTaken) {
      const metric = arrival.slow ? "slowDelivery" : "delivery";
      place = this.#placeOf(metric, arrival.role, intendedMs, arrival.destination);
      arrival.place = place;
    }
    record(place.histogram, Math.round(latencyMs * 1_000));
    if (latencyMs > this.#slowMs && !arrival.slow) this.#rank(arrival, latencyMs);
  }

  /** A message that carries no identity of this run. */
  foreign(atMs: number, subscription: number, text: string, sequence?: number): void {
    this.#ledger.foreign(roundMs(atMs), subscription, text, sequence);
  }

  subscriptionEnded(subscription: number): void {
    this.#ledger.end(subscription);
  }

  /** A duration in ms, counted in the second in which its event was intended. */
  measure(
    metric: HistogramName,
    role: string,
    intendedMs: number,
    durationMs: number,
    destination = "",
  ): void {
    const { histogram } = this.#placeOf(metric, role, intendedMs, destination);
    record(histogram, Math.round(durationMs * 1_000));
  }

  count(name: CountName, by = 1): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + by;
  }

  /**
   * Everything since the last call, as one flush line or, when there is very much, as several; nothing is left
   * behind. In steps of a millisecond or two, so that the engine can send and receive in between: in one piece a
   * second of 750 deliveries took k6 20 ms, and everything due in them was late.
   */
  *take(atMs: number, gauges: Readonly<Record<GaugeName, number>>): Generator<void, Flush[]> {
    const { changed, sequenced, oddities, counts } = this.#ledger.take();
    for (const [name, by] of Object.entries(counts)) this.count(name as CountName, by);
    if (this.#deliveries > 0) this.count("deliveries", this.#deliveries);
    if (this.#bytesIn > 0) this.count("bytesIn", this.#bytesIn);
    this.#deliveries = 0;
    this.#bytesIn = 0;
    const taken = {
      connections: this.#connections,
      sends: this.#sends,
      outcomes: this.#outcomes,
      oddities,
      ...(this.#observations.length > 0 ? { observations: this.#observations } : {}),
      counts: this.#counts,
      slowest: this.#slowest,
    };
    const kept = this.#takeHistograms();
    this.#connections = [];
    this.#sends = [];
    this.#outcomes = [];
    this.#observations = [];
    this.#counts = {};
    this.#slowest = [];
    this.#slowMs = Number.NEGATIVE_INFINITY;

    const received: ReceivedTuple[] = [];
    for (let from = 0; from < changed.length; from += PAIRS_A_STEP) {
      yield;
      received.push(...receivedIn(changed.slice(from, from + PAIRS_A_STEP)));
    }
    const sequences: SequenceTuple[] = [];
    for (let from = 0; from < sequenced.length; from += PAIRS_A_STEP) {
      yield;
      sequences.push(...sequencesIn(sequenced.slice(from, from + PAIRS_A_STEP)));
    }
    const histograms: SecondHistogram[] = [];
    for (const { histogram, ...key } of kept) {
      yield;
      histograms.push({ ...key, data: toData(histogram) });
    }
    yield;
    return slices({ ...taken, received, sequences, histograms }).map((slice) => ({
      type: "flush",
      vu: this.#vu,
      sequence: this.#sequence++,
      atMs: roundMs(atMs),
      ...slice,
      gauges,
    }));
  }

  #rank({ subscription, publisher, slot, receivedMs }: Arrival, latencyMs: number): void {
    const slowest = this.#slowest;
    slowest.push([roundMs(latencyMs), subscription, publisher, slot, roundMs(receivedMs)]);
    slowest.sort((a, b) => b[0] - a[0]);
    if (slowest.length > SLOWEST) slowest.pop();
    if (slowest.length === SLOWEST) this.#slowMs = (slowest[SLOWEST - 1] as SlowTuple)[0];
  }

  #placeOf(metric: HistogramName, role: string, intendedMs: number, destination = ""): Place {
    const histograms = this.#histogramsOf(metric, role);
    const seconds = histograms.destinations.get(destination) ?? secondsOf(histograms, destination);
    const second = Math.floor(intendedMs / 1_000);
    let place = seconds.get(second);
    if (!place) {
      const fromMs = second * 1_000;
      place = { histogram: emptyHistogram(), fromMs, toMs: fromMs + 1_000, isTaken: false };
      seconds.set(second, place);
    }
    return place;
  }

  #histogramsOf(metric: HistogramName, role: string): RoleHistograms {
    const key = `${metric}/${role}`;
    const known = this.#histograms.get(key);
    if (known) return known;
    const fresh: RoleHistograms = { metric, role, destinations: new Map() };
    this.#histograms.set(key, fresh);
    return fresh;
  }

  #takeHistograms(): Kept[] {
    const taken: Kept[] = [];
    for (const { metric, role, destinations } of this.#histograms.values()) {
      for (const [destination, seconds] of destinations) {
        const key = destination === "" ? { metric, role } : { metric, role, destination };
        for (const [second, place] of seconds) {
          place.isTaken = true;
          taken.push({ ...key, second, histogram: place.histogram });
        }
        seconds.clear();
      }
    }
    return taken;
  }
}

interface Kept extends Omit<SecondHistogram, "data"> {
  readonly histogram: Histogram;
}

/** Where the durations go that were intended in one second, of one metric, role and destination. */
interface Place {
  readonly histogram: Histogram;
  readonly fromMs: number;
  readonly toMs: number;
  /** It was written out: what comes for that second now needs another. */
  isTaken: boolean;
}

type Seconds = Map<number, Place>;

interface RoleHistograms {
  readonly metric: HistogramName;
  readonly role: string;
  /** By destination; "" where there is none. */
  readonly destinations: Map<string, Seconds>;
}

/** Once given a place of its own a destination keeps it, so that what is told of it is all of it. */
function secondsOf({ destinations }: RoleHistograms, destination: string): Seconds {
  const key = destination === "" || destinations.size < DESTINATIONS_MAX ? destination : MORE_DESTINATIONS;
  let seconds = destinations.get(key);
  if (!seconds) {
    seconds = new Map();
    destinations.set(key, seconds);
  }
  return seconds;
}

type Content = Omit<Flush, "type" | "vu" | "sequence" | "atMs" | "gauges">;

/** In order of what must be known first: who was connected, what was sent, what came of it, what arrived. */
function slices(content: Content): Content[] {
  const { connections, sends, outcomes, received, sequences = [] } = content;
  const rows = connections.length + sends.length + outcomes.length + received.length + sequences.length;
  if (rows <= ROWS_MAX) return [content];
  const parts: Content[] = [];
  const nothing = { oddities: [], histograms: [], counts: {}, slowest: [] };
  const none = { connections: [], sends: [], outcomes: [], received: [], sequences: [] };
  for (const [name, list] of Object.entries({ connections, sends, outcomes, received, sequences })) {
    for (let from = 0; from < list.length; from += ROWS_MAX) {
      parts.push({ ...nothing, ...none, [name]: list.slice(from, from + ROWS_MAX) });
    }
  }
  const last = parts.pop() as Content;
  const { oddities, observations, histograms, counts, slowest } = content;
  const told = observations ? { observations } : {};
  return [...parts, { ...last, oddities, ...told, histograms, counts, slowest }];
}
