import type { HistogramData } from "../../scenarios/model/histogram.ts";
import type {
  Bye,
  ConnectionEvent,
  EngineError,
  Hello,
  Observation,
  Oddity,
} from "../../scenarios/model/telemetry.ts";
import type { Ended, HistoryEvent } from "./history.ts";
import type { Plan } from "./plan.ts";
import type { AuditLine, MachineSample, ProbeSample, ServerSample } from "./samples.ts";

/**
 * Everything a run wrote down, read back and put in order; the one input of every check and renderer. All times
 * are ms after the run's start (`startEpochMs`), all arrays are sorted by time unless said.
 */
export interface RunRecord {
  readonly plan: Plan;
  readonly ended: Ended;
  readonly history: readonly HistoryEvent[];
  /** Epoch ms of time zero; undefined when the run never came to `go`. */
  readonly startEpochMs?: number;
  /** The last moment that anything in the record speaks of, at least 0. */
  readonly durationMs: number;
  /** What is missing from the record, one sentence each; empty for a whole one. */
  readonly torn: readonly string[];
  readonly ledger: Ledger;
  readonly samples: {
    readonly servers: readonly ServerSample[];
    readonly machine: readonly MachineSample[];
    /** Absent where no probe ran. */
    readonly probe?: readonly ProbeSample[];
  };
  readonly audit?: AuditLine;
}

/** The endpoint of a connection that a balancer placed. */
export const BALANCED = -1;
/** That of a connection to the one address of a user's own system, with nobody knows how many servers behind it. */
export const UNPLACED = -2;

/** What the clients saw. */
export interface Ledger {
  readonly hellos: readonly Hello[];
  readonly byes: readonly Bye[];
  /** Callbacks of the engine that threw. */
  readonly errors: readonly EngineError[];
  readonly connections: readonly ConnectionEvent[];
  /** Who was entitled to what, and when; by `fromMs`. */
  readonly windows: readonly SubscriptionWindow[];
  readonly windowOf: ReadonlyMap<number, SubscriptionWindow>;
  /** By publisher, each array by slot. */
  readonly sends: ReadonlyMap<number, readonly Send[]>;
  /** By subscription, then by publisher. */
  readonly received: ReadonlyMap<number, ReadonlyMap<number, Intervals>>;
  /** By subscription: the numbers of its room's sequence that came, copies included; empty where no server gives any. */
  readonly sequences: ReadonlyMap<number, Intervals>;
  /** Numbers between two that came which never did; by the time at which the message behind the gap was told. */
  readonly gaps: readonly Gap[];
  readonly oddities: readonly Oddity[];
  /** What examiners saw. */
  readonly observations: readonly Observation[];
  /** Slowest first; at most five of each flush. */
  readonly slowest: readonly Slow[];
  /** By metric, role and second; all destinations. */
  readonly histograms: SecondHistograms;
  /** By metric, destination and second; all roles. Only destinations of which all is known (`journal.ts`). */
  readonly byDestination: SecondHistograms;
  /** Counters, one row for each flush of each VU. */
  readonly counts: readonly CountRow[];
  /** Gauges summed over the VUs, one row for each flush. */
  readonly gauges: readonly GaugeRow[];
  /** Flushes that never arrived: what happened there is unknown. */
  readonly holes: readonly FlushHole[];
  /** When each VU flushed, by VU. */
  readonly flushTimes: ReadonlyMap<number, readonly number[]>;
  /** The last flush of the VU that fell silent first: up to here the ledger speaks for all clients. */
  readonly untilMs: number;
}

/** Metric name, then role or destination, then second of the run in which the event was intended. */
export type SecondHistograms = ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<number, HistogramData>>>;

/** Slots as sorted disjoint runs, flat: `[from, to, from, to, …]`, both ends inclusive. */
export type Intervals = readonly number[];

/** A hole in the room's sequence as one subscription saw it. */
export interface Gap {
  readonly subscription: number;
  /** Inclusive. */
  readonly fromSequence: number;
  readonly toSequence: number;
  /** The flush that told of the message behind it. */
  readonly atMs: number;
}

/** The entitlement window of one subscription: from SUBSCRIBE's receipt to the end of its connection. */
export interface SubscriptionWindow {
  /** Unique in the run. */
  readonly subscription: number;
  readonly client: number;
  readonly attempt: number;
  readonly destination: string;
  /** Which of the plan's endpoints; endpoint i is `server-<i+1>`. -1 where the record does not say. */
  readonly endpoint: number;
  /** As CONNECTED named it, else `server-<endpoint+1>`. */
  readonly server: string;
  /** When SUBSCRIBE was sent. */
  readonly askedMs: number;
  readonly fromMs: number;
  /** The end of its connection; of the record, if that was never seen (`ended` is `open`). */
  readonly toMs: number;
  readonly ended: "self" | "peer" | "unknown" | "open";
  /**
   * Until when the peer was surely there: `toMs` of an orderly leave, else the last byte that came before the end.
   * What was due in the silence after it is undecided.
   */
  readonly heardMs: number;
  /** Stretches of which the reports are missing: what came then is not known. Ascending; nearly always none. */
  readonly unseen: readonly Unseen[];
}

export interface Unseen {
  readonly fromMs: number;
  readonly toMs: number;
}

export type SendOutcome = "confirmed" | "rejected" | "unknown";

export interface Send {
  readonly publisher: number;
  readonly slot: number;
  /** Where it was sent to: `/app/chat.send/room-3`. */
  readonly destination: string;
  readonly intendedMs: number;
  readonly sentMs: number;
  /** An unanswered SEND is unknown, not failed. */
  readonly outcome: SendOutcome;
  /** When the outcome was known; undefined for unknown. */
  readonly outcomeMs?: number;
}

/** One slow delivery: evidence behind a p99. */
export interface Slow {
  readonly latencyMs: number;
  readonly subscription: number;
  readonly publisher: number;
  readonly slot: number;
  readonly receivedMs: number;
}

export interface CountRow {
  readonly vu: number;
  /** The flush's own time, and that of the one before: the counts are what happened in between. */
  readonly atMs: number;
  readonly sinceMs: number;
  readonly values: Readonly<Record<string, number>>;
}

export interface GaugeRow {
  readonly atMs: number;
  readonly values: Readonly<Record<string, number>>;
}

export interface FlushHole {
  readonly vu: number;
  /** Sequence numbers that are missing, inclusive. */
  readonly fromSequence: number;
  readonly toSequence: number;
  /** Between which times: of the flush before and the flush after (or the end of the record). */
  readonly fromMs: number;
  readonly toMs: number;
}
