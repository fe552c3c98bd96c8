import type { FaultWindow } from "../../chaos/timeline.ts";

/** Everything a run will do, decided before anything starts. Plain JSON; `run --plan` repeats it. */
export interface Plan {
  readonly format: 1;
  readonly seed: number;
  /** Six characters from the seed; marks the run's own messages. */
  readonly nonce: string;
  /** One factor for beats, idle limits, TTLs, token life and drain (I85): 0.1 makes them ten times shorter. */
  readonly timeScale: number;
  readonly scenario: {
    readonly name: string;
    readonly params: Readonly<Record<string, number | string | boolean>>;
  };
  readonly engine: "k6";
  readonly timing: { readonly warmUpMs: number; readonly publishUntilMs: number; readonly endMs: number };
  /** Clients over all roles. */
  readonly clients: number;
  /** Known-bad client policies that are on; their parameters are already in `scenario.params`. */
  readonly clientDefects: readonly string[];
  readonly target: Reference | External;
  readonly timeline: readonly FaultWindow[];
  readonly checks: readonly PlannedCheck[];
}

export interface Reference {
  readonly kind: "reference";
  readonly instances: number;
  /** Defects switched on in the reference server. */
  readonly defects: readonly string[];
  /** `processes` now; containers later. */
  readonly runAs: "processes";
}

export interface External {
  readonly kind: "external";
  /** ws:// or wss:// addresses of the instances or of the balancer in front of them. */
  readonly urls: readonly string[];
  /** Headers of CONNECT (login, passcode, Authorization …). */
  readonly connectHeaders: Readonly<Record<string, string>>;
  readonly origin?: string;
  /** Prometheus endpoints to scrape, if there are any. */
  readonly metricsUrls: readonly string[];
  /** PEM file of the authority that signed its certificate, where the machine does not know it. */
  readonly caFile?: string;
  /** What may be asked of a system off this machine at most. Absent: it is this machine. */
  readonly caps?: Caps;
}

export interface Caps {
  readonly connections: number;
  /** Messages and connection attempts together, per second. */
  readonly ratePerSecond: number;
}

export interface PlannedCheck {
  readonly name: string;
  /** Limit per kind of phase, in the check's unit; absent: not judged there. */
  readonly limits: Readonly<Partial<Record<PhaseKind, number>>>;
}

export type PhaseKind = "warm-up" | "baseline" | "fault" | "recovery" | "final";
