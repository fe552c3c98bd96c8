import type { ParamValue } from "./scenario.ts";

/** A production mistake that lives in the clients: parameters of the scenario set to the known-bad value. */
export interface ClientDefect {
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
  /** What must turn red when it is on. `faults` in the form of the command line. */
  readonly caughtBy: {
    readonly scenario: string;
    readonly check: string;
    readonly params?: Readonly<Record<string, ParamValue>>;
    readonly faults?: readonly string[];
    /** The one factor for beats, idle limits, TTLs, token life and drain; absent: 1. */
    readonly timeScale?: number;
  };
  /** Wins over whatever else set these parameters. */
  readonly params: Readonly<Record<string, ParamValue>>;
}
