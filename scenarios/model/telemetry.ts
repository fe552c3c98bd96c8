import type { HistogramData } from "./histogram.ts";

/**
 * What an engine tells the harness, once a second over one WebSocket per VU (measured as the cheapest channel),
 * and at the same time the line format of `ledger.jsonl`. Tuples, because there are many of them. Times are ms
 * after the run's start with at most three decimals; never an array of raw samples.
 */
export type Telemetry = Hello | Flush | EngineError | Bye;

export interface Hello {
  readonly type: "hello";
  readonly engine: "k6" | "native";
  readonly vu: number;
  readonly clients: number;
}

export interface Flush {
  readonly type: "flush";
  readonly vu: number;
  /** 0, 1, 2, … without a hole: a hole is a torn record. */
  readonly sequence: number;
  readonly atMs: number;
  readonly connections: readonly ConnectionEvent[];
  readonly sends: readonly SendTuple[];
  readonly outcomes: readonly OutcomeTuple[];
  readonly received: readonly ReceivedTuple[];
  /** Absent in records of versions before 0.2. */
  readonly sequences?: readonly SequenceTuple[];
  readonly oddities: readonly Oddity[];
  /** Absent where nobody examines. */
  readonly observations?: readonly Observation[];
  readonly histograms: readonly SecondHistogram[];
  /** Counters since the previous flush, by name (see `metrics.ts`). */
  readonly counts: Readonly<Record<string, number>>;
  /** Values now, by name. */
  readonly gauges: Readonly<Record<string, number>>;
  /** The slowest deliveries of this flush, at most 5, slowest first: the evidence behind a p99. */
  readonly slowest: readonly SlowTuple[];
}

/** A callback of the engine threw: recorded, never fatal (an exception in a k6 handler closes every socket). */
export interface EngineError {
  readonly type: "error";
  readonly vu: number;
  readonly atMs: number;
  readonly where: string;
  readonly message: string;
}

export interface Bye {
  readonly type: "bye";
  readonly vu: number;
  readonly atMs: number;
  /** Sockets abandoned because their peer never answered. */
  readonly abandoned: number;
}

/** `unknown` are connections that ended without a close frame: a missing code is abnormal, never nothing. */
export type ConnectionEvent =
  | {
      readonly what: "due";
      readonly atMs: number;
      readonly client: number;
      readonly attempt: number;
      readonly endpoint: number;
    }
  | {
      readonly what: "connected";
      readonly atMs: number;
      readonly client: number;
      readonly attempt: number;
      readonly endpoint: number;
      /** `server-id` of CONNECTED where the server says it (A143). */
      readonly server?: string;
    }
  | {
      readonly what: "subscribed";
      readonly atMs: number;
      readonly client: number;
      readonly attempt: number;
      /** Unique in the run. */
      readonly subscription: number;
      readonly destination: string;
      /** When SUBSCRIBE was sent; a message in between is undecided. */
      readonly askedMs: number;
    }
  | {
      /** The attempt ended before CONNECTED. */
      readonly what: "failed";
      readonly atMs: number;
      readonly client: number;
      readonly attempt: number;
      readonly endpoint: number;
      readonly reason: string;
    }
  | {
      readonly what: "closed";
      readonly atMs: number;
      readonly client: number;
      readonly attempt: number;
      readonly endpoint: number;
      readonly server?: string;
      /** As received; null where no close frame came (abnormal: judged as 1006). */
      readonly code: number | null;
      readonly reason: string;
      readonly by: "self" | "peer" | "unknown";
      /** Since the last byte from the peer; of a client that slowed its own reading, since it did so first. */
      readonly silentMs: number;
    };

/** [publisher, slot, destination, intendedMs, sentMs] */
export type SendTuple = readonly [number, number, string, number, number];
/** [publisher, slot, atMs, "c" confirmed by RECEIPT | "r" rejected by ERROR]. No tuple: unknown. */
export type OutcomeTuple = readonly [number, number, number, "c" | "r"];
/**
 * [subscription, publisher, fromSlot, toSlot]: every slot in between was received, at least once. The sets of all
 * tuples of a (subscription, publisher) add up; a longer run may repeat slots of a shorter one sent before.
 */
export type ReceivedTuple = readonly [number, number, number, number];
/**
 * [subscription, fromSequence, toSequence]: every number in between of the room's own sequence was received. They add
 * up like the tuples of `received`; a hole that no later tuple fills is a gap.
 */
export type SequenceTuple = readonly [number, number, number];
/** [latencyMs, subscription, publisher, slot, receivedMs] */
export type SlowTuple = readonly [number, number, number, number, number];

/** One metric of one role and destination in one second of the run. Deltas: several of the same key add up. */
export interface SecondHistogram {
  readonly metric: string;
  readonly role: string;
  /** Of the subscription or the SEND; `*` for those over the cap (`journal.ts`); absent where there is none. */
  readonly destination?: string;
  /** The second (after the run's start) in which the event was *intended*, so that a stall counts where it began. */
  readonly second: number;
  readonly data: HistogramData;
}

/** What an examiner saw where the scenario put a question. */
export interface Observation {
  /** The question's slug. */
  readonly about: string;
  /** Of section 0.3. */
  readonly invariant: string;
  readonly expected: string;
  readonly seen: string;
  readonly holds: boolean;
  readonly atMs: number;
  readonly client: number;
  /** Where it is about one instance. */
  readonly server?: string;
}

/** The destination that stands for all those over the cap of single ones. */
export const MORE_DESTINATIONS = "*";

/** Single messages that were not the next expected one. Every one is listed up to a cap of its kind, then only counted. */
export type Oddity =
  | {
      readonly what: "duplicate";
      readonly atMs: number;
      readonly subscription: number;
      readonly publisher: number;
      readonly slot: number;
      /**
       * True: the copy has a number of its own in the room's sequence, so a client that dedupes by the server's ids
       * renders it twice. False: it has the number of one that came before. Absent: the server gives none.
       */
      readonly rendered?: boolean;
    }
  | {
      /** The room's sequence (or, without one, the publisher's slot) went backwards. */
      readonly what: "inversion";
      readonly atMs: number;
      readonly subscription: number;
      readonly publisher: number;
      readonly slot: number;
      readonly sequence: number;
      readonly after: number;
    }
  | { readonly what: "foreign"; readonly atMs: number; readonly subscription: number; readonly text: string };

/** What the harness tells an engine over the same socket. */
export type Control =
  /** Time zero of the run, in epoch ms. Sent once all VUs said hello. */
  | { readonly type: "go"; readonly startEpochMs: number }
  /** End early: stop publishing, drain for `drainMs`, disconnect, say bye. */
  | { readonly type: "stop"; readonly drainMs: number };
