import type { PhaseKind } from "./record/plan.ts";

/** A stretch of the run that is judged by itself, on whole seconds. */
export interface Phase {
  /** `warm-up`, `baseline`, `during kill server-2`, `recovery after kill server-2`, `final`. Unique in a run. */
  readonly name: string;
  readonly kind: PhaseKind;
  readonly fromMs: number;
  readonly toMs: number;
  /** Fault windows in force (kind fault) or just healed (kind recovery), by index. */
  readonly faults: readonly number[];
  /** Why nothing here can be judged: a fault that had no effect, a torn record. Its checks are unknown. */
  readonly void?: string;
}
