import type { FaultWindow } from "../chaos/timeline.ts";
import type { PhaseKind } from "./record/plan.ts";
import type { RunRecord } from "./record/run-record.ts";
import type { Verdict } from "./verdict.ts";
import type { Phase } from "./windows.ts";

/** One question put to the record, for one phase. Pure: the same record gives the same answer. */
export interface Check {
  readonly name: string;
  readonly summary: string;
  /** Rows of D, INV names of section 0.3. */
  readonly requirement: readonly string[];
  /** Unit of `measured` and of the limits: `ms`, `messages`, `closes`, `%` … */
  readonly unit: string;
  /**
   * Default limit per kind of phase; a phase kind without one is not judged. The check is met while
   * measured <= limit.
   */
  readonly limits: Readonly<Partial<Record<PhaseKind, number>>>;
  /** Where the numbers come from and what the check cannot see; shown by `explain` and under the report's table. */
  readonly explain: string;
  /**
   * For a question about faults: which of them it asks about. A fault or recovery phase without such a fault is not
   * judged, and neither is a run that planned none. Absent: every one.
   */
  asksAbout?(fault: FaultWindow): boolean;
  /** False where a phase has nothing that this check could speak of, while another may. Absent: every phase has. */
  hasToSay?(record: RunRecord, phase: Phase): boolean;
  judge(record: RunRecord, phase: Phase, limit: number): Verdict;
}
