import type { FaultEvent } from "../../chaos/timeline.ts";

/** `history.jsonl`: what happened, in order, one JSON object a line. `atMs` is ms after the run's start (go); what
 * came before is negative. */
export type HistoryEvent = RunEvent | ProcessEvent | FaultEvent | LoadEvent | SteadyStateEvent;

export interface RunEvent {
  readonly kind: "run";
  readonly atMs: number;
  readonly what: "planned" | "target-ready" | "go" | "stopping" | "ended";
  /** With `go`: the epoch ms of time zero. With `ended`: how. */
  readonly startEpochMs?: number;
  readonly ended?: Ended;
  readonly detail?: string;
  /** Versions of everything that ran, with `target-ready`. */
  readonly versions?: Readonly<Record<string, string>>;
}

export interface ProcessEvent {
  readonly kind: "process";
  readonly atMs: number;
  readonly name: string;
  readonly what: "started" | "ready" | "exited";
  readonly pid?: number;
  readonly code?: number | null;
  readonly signal?: string | null;
  /** Did the harness or a fault of the plan ask for it? */
  readonly expected?: boolean;
  readonly lastLines?: readonly string[];
}

export interface LoadEvent {
  readonly kind: "load";
  readonly atMs: number;
  readonly what: "started" | "hello" | "bye" | "exited" | "lost";
  readonly detail?: string;
}

export interface SteadyStateEvent {
  readonly kind: "steady-state";
  readonly atMs: number;
  readonly ok: boolean;
  /** What was asked and what answered, by name. */
  readonly answers: Readonly<Record<string, boolean>>;
}

/** One reason why the run ended, named once. */
export type Ended =
  | { readonly how: "completed" }
  | { readonly how: "interrupted"; readonly by: string }
  /** By the harness itself: this check was breached beyond doubt (`--abort-on-breach`). */
  | { readonly how: "aborted"; readonly check: string; readonly phase: string; readonly why: string }
  /** `hint`: what to do about it. */
  | { readonly how: "failed"; readonly code: string; readonly message: string; readonly hint?: string }
  /** Nobody wrote an end: the harness itself died. */
  | { readonly how: "torn" };
