/** `samples.jsonl`: what the harness measured itself, once a second. */
export type Sample = ServerSample | MachineSample;

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
  /** Resident bytes, by name. */
  readonly processRss: Readonly<Record<string, number>>;
  /** 99th percentile and maximum of the harness's own event-loop delay since the previous sample, ms. */
  readonly loopLagP99Ms: number;
  readonly loopLagMaxMs: number;
  /** Wall clock minus monotonic clock, relative to the run's start, ms: a step here voids the latencies. */
  readonly clockStepMs: number;
}

/** `audit.jsonl`, written after the load ended: what the system itself stored, by message identity. */
export interface AuditLine {
  /** [publisher, fromSlot, toSlot] of every message of this run found in the store. */
  readonly stored: readonly (readonly [number, number, number])[];
  readonly source: "postgres";
  /** Rows seen; more than identities means that some were stored twice. */
  readonly rows: number;
}
