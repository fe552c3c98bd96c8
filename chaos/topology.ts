import type { FrameRule, RuleState } from "./frame-proxy/rule.ts";

/**
 * What a fault may touch, as ports: the same faults run on plain processes, on containers and in front of a
 * user's own system, whoever implements these.
 */
export type Port = Link | Process | Store | Balancer | Shell;

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
  /** `host:port` that the proxy dials now. */
  readonly upstream: string;
  addToxic(toxic: Toxic): Promise<void>;
  /**
   * Removing a toxic that is not there is not an error: an undo may run twice. Where a removal blocks behind a stuck
   * writer, all of the link's connections end (E63).
   */
  removeToxic(name: string): Promise<void>;
  toxics(): Promise<readonly string[]>;
  /** Disables the proxy: open connections are cut, new ones refused. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Lets the proxy dial another `host:port`: open connections are cut. */
  repoint(upstream: string): Promise<void>;
  /**
   * Sends a real request through the link (HTTP GET, Redis PING, Postgres SSLRequest) and waits for its first
   * byte of answer. Undefined when refused, cut or silent for `timeoutMs`.
   */
  roundTripMs(timeoutMs: number): Promise<number | undefined>;
  /**
   * Moves at least so many bytes one way, in real requests on one connection of its own: ms. Undefined when they did
   * not all pass within `timeoutMs`.
   */
  carryMs(bytes: number, stream: Stream, timeoutMs: number): Promise<number | undefined>;
  /** From our FIN to theirs, after a real answer: ms. Undefined without an answer or within `timeoutMs`. */
  closeMs(timeoutMs: number): Promise<number | undefined>;
  /** Where the frame proxy is part of the link: single WebSocket and STOMP frames of chosen connections. */
  readonly frames?: LinkFrames;
}

/** The connections of one link, frame by frame. */
export interface LinkFrames {
  /** Puts a rule in force on victims that the seed chooses among the open connections. Returns its id. */
  disturb(rule: FrameRule): Promise<string>;
  /** Undefined when the rule is not in force. */
  state(id: string): Promise<RuleState | undefined>;
  /** What was kept back goes on. Returns the last state; undefined when it was not in force, which is no error. */
  lift(id: string): Promise<RuleState | undefined>;
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
  /** SIGKILL, SIGSTOP and SIGCONT reach everything that it started as well, others only the process itself. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** The operating system says that it is stopped, and whatever it started too. False while it is not running. */
  frozen(): boolean;
  /** Resolves when it is gone. Rejects after `timeoutMs`. */
  exited(timeoutMs: number): Promise<Exit>;
  /** Starts it again with the same ports and settings; resolves when it gives a real answer. No-op if it runs. */
  start(): Promise<void>;
  /** One real question, one real answer (HTTP readiness for a server). */
  ready(timeoutMs: number): Promise<boolean>;
  /** Absent where the operating system cannot limit a running process. */
  readonly limits?: Limits;
  /** Absent where the program has none. */
  readonly switches?: SwitchBoard;
  /** Absent where it has no network or share of the machine of its own: only a container has. */
  readonly box?: Box;
}

/** What is around a container, and can be changed while it runs. A restart gives it back its share, not its network. */
export interface Box {
  /** Out of its network: what was under way vanishes, nobody gets a FIN or RST (E11). Twice is no error. */
  unplug(): Promise<void>;
  plugIn(): Promise<void>;
  /** It may use so many CPUs; undefined: what it began with. */
  setCpus(cpus: number | undefined): Promise<void>;
  /** For how long it wanted to run and was not let, since it started, ms. */
  throttledMs(): Promise<number>;
}

/**
 * What a process may use. Open files: their highest number. Address space: bytes; of a container it is the memory that it
 * really holds.
 */
export type Resource = "open-files" | "address-space";

/** The operating system's own limits of one running process. They die with it. */
export interface Limits {
  /** Undefined: unlimited. */
  get(resource: Resource): Promise<number | undefined>;
  /** While the address space is limited, a death of the process is nobody's surprise. */
  set(resource: Resource, limit: number | undefined): Promise<void>;
  /** What it could not do with less: the lowest free file number, the bytes mapped. */
  inUse(resource: Resource): Promise<number>;
}

/** What a server under test lets a drill turn while it runs. A restart turns all of it back. */
export interface Switches {
  readonly ready: boolean;
  readonly logLevel: string;
  readonly clockOffsetMs: number;
}

export interface SwitchBoard {
  /** `nowMs` is the server's own idea of the time. */
  read(): Promise<Switches & { readonly nowMs: number }>;
  turn(switches: Partial<Switches>): Promise<void>;
}

interface DataStore {
  readonly kind: "store";
  readonly name: string;
  /** Direct address, past every proxy: `redis://…`, `postgres://…`. */
  readonly url: string;
  readonly process: Process;
}

/** A data store: what its own commands can break. Also a Process for signals. */
export type Store = RedisStore | PostgresStore;

export type RedisReply = string | number | null | readonly RedisReply[];

export interface RedisStore extends DataStore {
  readonly engine: "redis";
  /** `host:port` by which links reach it, where that is not what `url` says: containers have a network of their own. */
  readonly address?: string;
  /** Each on a connection of its own. Rejects on an error reply, and when nothing is said in 3 s. */
  command(name: string, ...args: readonly (string | number)[]): Promise<RedisReply>;
  /** Follows the one at `host:port`; in sync when this resolves. Its own data is gone then. */
  follow(address: string): Promise<void>;
  /** A second one that follows it, in sync when this resolves. Disposing stops it. */
  startReplica(): Promise<RedisReplica>;
  /** Those that lead to it. */
  readonly links: readonly Link[];
}

export interface RedisReplica extends AsyncDisposable {
  /** `host:port`. */
  readonly address: string;
  readonly command: RedisStore["command"];
}

export interface PostgresStore extends DataStore {
  readonly engine: "postgres";
  /**
   * A connection of its own, named `seaworthy-fault`. Rejects with Postgres's code as `code`, and when nothing is
   * said in 3 s.
   */
  connect(): Promise<PostgresSession>;
}

/** Disposing closes the socket, so that whatever it held is let go. */
export interface PostgresSession extends AsyncDisposable {
  /** Rejects when there is no answer in `timeoutMs`, default 3 s. */
  query(sql: string, timeoutMs?: number): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly gone: Promise<void>;
}

/** What may be changed at a balancer while it runs. */
export interface BalancerChange {
  readonly idleTimeoutMs?: number;
  readonly passesUpgrade?: boolean;
  readonly upstreamHttp?: "1.1" | "1.0";
  readonly failsOver?: boolean;
  /** 0: no limit. */
  readonly connectionsMax?: number;
  /** Gets nobody new: the name of a server. */
  readonly drained?: string;
  /** Is looked for where nobody listens: the name of a server. */
  readonly dead?: string;
}

/** The balancer (`balancer`), or what it holds of one server (`server-2/balancer`). */
export interface Balancer {
  readonly kind: "balancer";
  readonly name: string;
  readonly program: "nginx" | "haproxy";
  /** Every one that it spreads clients over. */
  readonly servers: readonly string[];
  /** The one that this port is about; absent: all. */
  readonly server?: string;
  /**
   * Another setting on top of those in force, by a reload where it must be: who is connected keeps the old one. In
   * force when this resolves. The undo takes back this change and no other, and may run twice.
   */
  alter(change: BalancerChange): Promise<AsyncDisposable>;
  /** The same settings again, by new workers; the old ones live as long as their connections. */
  reload(): Promise<void>;
  /**
   * Pids of those that hold connections, old ones included, as the balancer itself sees them: in a container they have
   * numbers of their own. Empty while it is not running.
   */
  workers(): Promise<readonly number[]>;
  /** Ends workers, and every connection that they hold. Those that are gone are no error. */
  endWorkers(pids: readonly number[]): Promise<void>;
  /** One request to each server in turn, as far as it knows them well. Undefined without an answer in time. */
  visit(timeoutMs: number): Promise<{ readonly status: number; readonly server?: string } | undefined>;
  /** What is left of a WebSocket handshake behind it. Undefined without an answer in time. */
  handshakeBehind(
    timeoutMs: number,
  ): Promise<{ readonly status: number; readonly http?: string; readonly upgrade?: string } | undefined>;
  /** A WebSocket through it to an end that never says anything. */
  tunnel(timeoutMs: number): Promise<Tunnel>;
}

/** Disposing closes it. */
export interface Tunnel extends Disposable {
  /** Of the handshake; undefined when there was no answer in time. */
  readonly status: number | undefined;
  /** Ms from the handshake's answer to its end by the other side; undefined while it is open. */
  endedAfterMs(): number | undefined;
  /** Ms since the handshake's answer. */
  ageMs(): number;
}

/** A user's own commands against a user's own system; `name` is what the user calls the thing they act on. */
export interface Shell {
  readonly kind: "shell";
  readonly name: string;
  /**
   * Runs a command line to its end; `output` is the end of what it printed. Rejects after `timeoutMs`, when it and
   * all that it started are killed.
   */
  run(command: string, timeoutMs: number): Promise<{ readonly code: number | null; readonly output: string }>;
  /** Until disposed: should the harness die, even by kill -9, this is still run, once. */
  runIfHarnessDies(command: string, timeoutMs: number): Disposable;
}

export interface Topology {
  readonly links: readonly Link[];
  readonly processes: readonly Process[];
  readonly stores: readonly Store[];
  /** Absent where there is none. */
  readonly balancers?: readonly Balancer[];
}
