import type { Exit } from "../../chaos/topology.ts";

/** How to start one process of ours. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** stdout and stderr go there, appended. */
  readonly logFile: string;
  /** What asks it politely to stop; Postgres wants SIGQUIT when in a hurry. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** After this long SIGKILL follows. Default 3,000 ms. */
  readonly graceMs?: number;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Settles when it is gone; never rejects. */
  readonly exit: Promise<Exit>;
  /** The last lines it wrote, for error messages. At most 20. */
  lastLines(): readonly string[];
  signal(signal: NodeJS.Signals): void;
  /** Polite, then not. Resolves when it is gone; calling it twice is fine. */
  stop(): Promise<void>;
}

/**
 * Owns every process and temporary folder of a run. Each child leads a process group of its own (a Ctrl-C in the
 * terminal reaches only the harness), and all are known to a watchdog that outlives a kill -9 of the harness.
 */
export interface Supervisor extends AsyncDisposable {
  /** Rejects with the child's last lines if it cannot be started at all. */
  spawn(spec: ProcessSpec): Promise<Child>;
  /** Removed when the supervisor is disposed, and by the watchdog. */
  temporaryFolder(name: string): Promise<string>;
}
