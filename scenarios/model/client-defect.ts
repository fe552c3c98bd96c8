import type { ParamValue } from "./scenario.ts";

/** A production mistake that lives in the clients: parameters of the scenario set to the known-bad value. */
export interface ClientDefect {
  readonly name: string;
  readonly summary: string;
  readonly requirement: readonly `B${number}`[];
  /** What must turn red when it is on. `faults` in the form of the command line. */
  readonly caughtBy: {
    readonly scenario: string;
    readonly check: string;
    readonly params?: Readonly<Record<string, ParamValue>>;
    readonly faults?: readonly string[];
  };
  /** Wins over whatever else set these parameters. */
  readonly params: Readonly<Record<string, ParamValue>>;
}
