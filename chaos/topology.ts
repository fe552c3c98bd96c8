/**
 * What a fault may touch, as ports: the same faults run on plain processes, on containers and in front of a
 * user's own system, whoever implements these.
 */
export type Port = Link | Process | Store;

/** Where a link's data flows: downstream is from the upstream server to whoever dialled. */
export type Stream = "upstream" | "downstream";

/** A toxic as Toxiproxy knows it; toxicity is always 1 (it is drawn per link: no stable victims, E62). */
export interface Toxic {
  readonly name: string;
  readonly type: "latency" | "bandwidth" | "slow_close" | "timeout" | "reset_peer" | "slicer" | "limit_data";
  readonly stream: Stream;
  readonly attributes: Readonly<Record<string, number>>;
}

/** One link through its own proxy, such as `server-1/clients` (clients to server-1) or `server-1/redis`. */
export interface Link {
  readonly kind: "link";
  readonly name: string;
  /** `host:port` where the proxy listens. */
  readonly listen: string;
  /** `host:port` that the proxy dials. */
  readonly upstream: string;
  addToxic(toxic: Toxic): Promise<void>;
  /** Removing a toxic that is not there is not an error: an undo may run twice. */
  removeToxic(name: string): Promise<void>;
  toxics(): Promise<readonly string[]>;
  /** Disables the proxy: open connections are cut, new ones refused. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /**
   * Sends a real request through the link (HTTP GET, Redis PING, Postgres SSLRequest) and waits for its first
   * byte of answer. Undefined when refused, cut or silent for `timeoutMs`.
   */
  roundTripMs(timeoutMs: number): Promise<number | undefined>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly atEpochMs: number;
}

/** One process (or container) of the system, such as `server-1`. */
export interface Process {
  readonly kind: "process";
  readonly name: string;
  /** Undefined while it is not running. */
  pid(): number | undefined;
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Resolves when it is gone. Rejects after `timeoutMs`. */
  exited(timeoutMs: number): Promise<Exit>;
  /** Starts it again with the same ports and settings; resolves when it gives a real answer. No-op if it runs. */
  start(): Promise<void>;
  /** One real question, one real answer (HTTP readiness for a server). */
  ready(timeoutMs: number): Promise<boolean>;
}

/** A data store, such as `redis` or `postgres`: what its own commands can break. Also a Process for signals. */
export interface Store {
  readonly kind: "store";
  readonly name: string;
  readonly engine: "redis" | "postgres";
  /** Direct address, past every proxy: `redis://…`, `postgres://…`. */
  readonly url: string;
  readonly process: Process;
}

export interface Topology {
  readonly links: readonly Link[];
  readonly processes: readonly Process[];
  readonly stores: readonly Store[];
}
