import type { RunRecord } from "./record/run-record.ts";
import type { Report } from "./report.ts";
import type { Counterexample } from "./verdict.ts";

/** One case of a pattern, in words and in the ids that find it again in the record. */
export type Evidence = Counterexample;

/**
 * A pattern that tells one mistake from its look-alikes: who lost what, where the copies were, how long they waited.
 * One file in `features/`, whose default export carries the file's own name. Pure; it knows no defect, and asks the
 * record alone (the report only for what was breached, and when).
 */
export interface Feature {
  readonly name: string;
  /** What it finds, as a sentence without its first letter in capital. */
  readonly summary: string;
  /** Cases of it, the clearest first, at most ten; empty where it is not there or cannot be told. */
  find(record: RunRecord, report: Report): readonly Evidence[];
}
