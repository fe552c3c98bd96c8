import type { Balancer, BalancerProgram } from "../../../reports/record/balancer.ts";

/**
 * A production mistake of whoever set up the balancer: it changes the healthy description and names what must catch
 * it. One file in `defects/`, whose default export carries the file's own name.
 */
export interface BalancerDefect {
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
    readonly faults?: readonly string[];
    readonly params?: Readonly<Record<string, number | string | boolean>>;
    /** Where the mistake shows only in times that are waited for: what compresses them. */
    readonly timeScale?: number;
    readonly check: string;
  };
  /** The only program that can make it. Absent: all. */
  readonly program?: BalancerProgram;
  apply(healthy: Balancer): Balancer;
  /** Settings of the servers behind it that belong to the mistake, by environment variable. */
  readonly settings?: Readonly<Record<string, string>>;
}
