import type { FaultWindow } from "../../chaos/timeline.ts";
import type { Question } from "../../scenarios/model/scenario.ts";
import type { Balancer } from "./balancer.ts";

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
  /** Plays every role that does not name one of its own. */
  readonly engine: LoadEngine;
  readonly timing: { readonly warmUpMs: number; readonly publishUntilMs: number; readonly endMs: number };
  /** Clients over all roles. */
  readonly clients: number;
  /** In the scenario's order; the clients are numbered through them, from 0. */
  readonly roles: readonly PlannedRole[];
  /** Known-bad client policies that are on; their parameters are already in `scenario.params`. */
  readonly clientDefects: readonly string[];
  readonly target: Reference | External;
  /** A second witness of latency beside k6; absent: none. */
  readonly probe?: { readonly subscriptions: number };
  readonly timeline: readonly FaultWindow[];
  readonly checks: readonly PlannedCheck[];
}

export type LoadEngine = "k6" | "native";

export interface PlannedRole {
  readonly name: string;
  readonly clients: number;
  readonly engine: LoadEngine;
  /**
   * Close codes that its clients ask for by misbehaving on purpose: each of them must be closed so, and no latency
   * of theirs is the server's fault. Empty for everybody who behaves.
   */
  readonly provokes: readonly number[];
  /** What each of its clients must have answered by the end. Absent: they are clients of the load. */
  readonly asks?: readonly Question[];
}

/** The role of a client by its number; undefined for a number that the plan does not have. */
export function roleOfClient(plan: Plan, client: number): PlannedRole | undefined {
  let first = 0;
  for (const role of plan.roles) {
    if (client < first + role.clients) return role;
    first += role.clients;
  }
  return undefined;
}

export interface Reference {
  readonly kind: "reference";
  readonly instances: number;
  /** Defects switched on in the reference server. */
  readonly defects: readonly string[];
  /** In front of the instances, and where all clients dial. Absent: they dial the instances. */
  readonly balancer?: Balancer;
  /** Settings of the servers that the scenario needs, by environment variable. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly runAs: RunAs;
}

/** How the harness brings the reference system up: the same topology, and the same faults but for a few. */
export type RunAs = "processes" | "containers";

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
