import type { Policies } from "./policies.ts";

/**
 * A production mistake as a switch: it changes the healthy policies and names what must catch it. One file in
 * `defects/`, whose default export carries the file's own name (A142).
 */
export interface Defect {
  readonly name: string;
  readonly summary: string;
  readonly requirement: readonly `B${number}`[];
  readonly caughtBy: {
    readonly scenario: string;
    /** In the form of the command line, e.g. `terminate@12s..18s:server-1`. */
    readonly faults?: readonly string[];
    readonly params?: Readonly<Record<string, number | string | boolean>>;
    readonly check: string;
  };
  apply(healthy: Policies): Policies;
}
