import type { HistogramData } from "../../scenarios/model/histogram.ts";

/** `samples.jsonl`: what the harness measured itself, once a second. */
export type Sample = ServerSample | MachineSample | ProbeSample;

/** One scrape of one instance. Counters are as exported (cumulative since that process started). */
export interface ServerSample {
  readonly kind: "server";
  readonly atMs: number;
  readonly server: string;
  /** False when it did not answer within the scrape's deadline; then the rest is empty. */
  readonly up: boolean;
  /** Value by series: `name` or `name{label="value",…}` exactly as exported, labels in exported order. */
  readonly series: Readonly<Record<string, number>>;
}

export interface MachineSample {
  readonly kind: "machine";
  readonly atMs: number;
  /** Share of all cores in use, 0 to 1, since the previous sample; undefined where it cannot be read. */
  readonly cpu?: number;
  /** Share of all cores' time that the hypervisor gave to others (`steal` of /proc/stat), 0 to 1, since the previous
   * sample; undefined where it cannot be read. */
  readonly stolen?: number;
  /** CPU seconds per second of each process, by name (`k6`, `server-1`, `redis` …). */
  readonly processCpu: Readonly<Record<string, number>>;
  /**
   * The longest that one thread of each process had work and no core to do it on since the previous sample, ms, by
   * name. Absent where the kernel does not say, and in records of versions before 0.3.
   */
  readonly processWaitMs?: Readonly<Record<string, number>>;
  /** How often that same thread got a core meanwhile. */
  readonly processTurns?: Readonly<Record<string, number>>;
  /** Resident bytes, by name. */
  readonly processRss: Readonly<Record<string, number>>;
  /** 99th percentile and maximum of the harness's own event-loop delay since the previous sample, ms. */
  readonly loopLagP99Ms: number;
  readonly loopLagMaxMs: number;
  /** Wall clock minus monotonic clock, relative to the run's start, ms: a step here voids the latencies. */
  readonly clockStepMs: number;
  /** Cores that the run may use. This and what follows is absent in records of versions before 0.3. */
  readonly cores?: number;
  /** The most of an engine's descriptors in use, as a share of its limit, 0 to 1. */
  readonly descriptorsUsed?: number;
  /**
   * Local ports in use, as a share of those there are for each address that is dialled, 0 to 1: every descriptor of the
   * engines counts as one. Ports that are held after a close are not seen, only that the kernel has none left.
   */
  readonly portsUsed?: number;
  /** The longest that a report of an engine was on its way since the previous sample, ms. */
  readonly telemetryLagMs?: number;
  /** The smallest step that the monotonic clock was seen to make, ms. */
  readonly clockResolutionMs?: number;
}

/**
 * What the probe saw since its previous report: a process of its own with few subscriptions, beside k6. Its clients
 * are not the plan's, and nothing of theirs is in the ledger.
 */
export interface ProbeSample {
  readonly kind: "probe";
  readonly atMs: number;
  /** Subscriptions confirmed by now. */
  readonly subscriptions: number;
  /** There is one at each address that the load dials; absent where there is not. */
  readonly everywhere?: boolean;
  /** Intended send time to receipt, by second of the intended time. Deltas: several of the same second add up. */
  readonly delivery: readonly { readonly second: number; readonly data: HistogramData }[];
}

/** `audit.jsonl`, written after the load ended: what the system itself stored, by message identity. */
export interface AuditLine {
  /** [publisher, fromSlot, toSlot] of every message of this run found in the store. */
  readonly stored: readonly (readonly [number, number, number])[];
  readonly source: "postgres";
  /** Rows seen; more than identities means that some were stored twice. */
  readonly rows: number;
}
