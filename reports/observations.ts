import type { RunRecord } from "./record/run-record.ts";

/** One rule of the system that a client put to the test, and what it saw. */
export interface Observation {
  /** What it is about, in a word: `origin`, `rate-limit`. */
  readonly about: string;
  /** INV name of section 0.3. */
  readonly invariant: string;
  readonly expected: string;
  readonly seen: string;
  readonly holds: boolean;
  readonly atMs: number;
  readonly client: number;
  readonly server?: string;
}

/** What the clients put to the test, by time; empty in records without any. */
export function observationsOf({ ledger }: RunRecord): readonly Observation[] {
  return (ledger as { readonly observations?: readonly Observation[] }).observations ?? [];
}
