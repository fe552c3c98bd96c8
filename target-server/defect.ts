import type { Policies } from "./policies.ts";

/**
 * A production mistake as a switch: it changes the healthy policies and names what must catch it. One file in
 * `defects/`, whose default export carries the file's own name (A142).
 */
export interface Defect {
  readonly name: string;
  readonly summary: string;
  readonly requirement: readonly `B${number}`[];
  /** How it looks in production, in one or two sentences: what somebody sees who does not know the cause. */
  readonly inProduction: string;
  /** What to change, so that it does not come back. */
  readonly remedy: string;
  /** What speaks for it in the record of a run and what against it: see `reports/known-mistake.ts`. */
  readonly signs: readonly { readonly fact: string; readonly weight: number }[];
  /** 1: built first, every family of section B covered. */
  readonly wave: 1 | 2 | 3;
  readonly caughtBy: {
    readonly scenario: string;
    /** In the form of the command line, e.g. `terminate@12s..18s:server-1`. */
    readonly faults?: readonly string[];
    readonly params?: Readonly<Record<string, number | string | boolean>>;
    /** The one factor for beats, idle limits, TTLs, token life and drain; absent: 1. */
    readonly timeScale?: number;
    readonly check: string;
  };
  apply(healthy: Policies): Policies;
}
