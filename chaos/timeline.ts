import type { Fault, FaultParams } from "./fault.ts";
import type { Port } from "./topology.ts";

/** One planned disturbance. Complete: nothing is left to choose when the run starts. */
export interface FaultWindow {
  /** Position in the plan's timeline; names the window in history, phases and evidence. */
  readonly index: number;
  readonly fault: string;
  /** Concrete name of a link, process or store. Victims were chosen by the seed when the plan was made. */
  readonly target: string;
  readonly params: FaultParams;
  /** ms after the run's start. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Copied from the fault, so that a record can be judged without it. */
  readonly closes: readonly number[];
  readonly drops: boolean;
}

export type FaultStep =
  | "injecting"
  | "injected"
  | "observed"
  | "not-observed"
  | "failed"
  | "healing"
  | "healed"
  | "not-healed";

export interface FaultEvent {
  readonly kind: "fault";
  readonly atMs: number;
  readonly index: number;
  readonly fault: string;
  readonly target: string;
  readonly step: FaultStep;
  readonly detail?: string;
}

/** What `conduct` needs of the world around it. */
export interface Stage {
  /** ms after the run's start. */
  nowMs(): number;
  /** Resolves at that time of the run, or at once when `signal` aborts. */
  at(ms: number, signal: AbortSignal): Promise<void>;
  port(target: string): Port;
  fault(name: string): Fault;
  record(event: FaultEvent): void;
  /** Written durably before the act, removed after the undo. */
  undoLog: { add(window: FaultWindow): Promise<void>; remove(window: FaultWindow): Promise<void> };
}

/** How long a fault may take to show its effect, and to be gone again after its undo. */
export const OBSERVE_DEADLINE_MS = 5_000;
export const HEAL_DEADLINE_MS = 15_000;
