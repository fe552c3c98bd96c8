import { SeaworthyError } from "../../errors.ts";
import type { ProcessOptions } from "../process-port.ts";
import type { Program } from "./program.ts";

/**
 * Where the program of a balancer runs, and how one gets at it there: as a process of this machine, or in a container.
 * Addresses are `host:port` as the program sees them.
 */
export interface Seat {
  readonly program: Program;
  /** What starts it, and what else faults may do to it. */
  readonly process: Pick<ProcessOptions, "supervisor" | "spec" | "box">;
  /** From here to where clients come in, past every proxy. */
  readonly port: number;
  readonly listen: string;
  /** By name. */
  readonly servers: Readonly<Record<string, string>>;
  readonly mirror: string;
  /** Where nobody ever listens. */
  readonly nowhere: string;
  /** Puts its configuration where it reads it at its next start or reload. */
  write(config: string): Promise<void>;
  /**
   * Has the program look at what was written. Where it cannot while it is down, its start will tell.
   *
   * @throws SeaworthyError SW_START_FAILED with what it says.
   */
  check(): Promise<void>;
  /** All that the running program has started. */
  workers(pid: number): Promise<readonly Worker[]>;
  /** Ends these, and with them their connections. Those that are gone are no error. */
  end(pids: readonly number[]): Promise<void>;
}

export interface Worker {
  /** As `end` takes it; a container has numbers of its own. */
  readonly pid: number;
  /** What it calls itself. Absent where one cannot see that. */
  readonly title?: string;
}

export const BALANCER = "balancer";

/** For the program that only looks at its configuration. */
export const CHECK_DEADLINE_MS = 10_000;

/** @throws SeaworthyError SW_START_FAILED unless it is content. */
export function requireContent(
  checked: { readonly code: number | null; readonly output: string },
  program: string,
  where: string,
): void {
  if (checked.code === 0) return;
  throw new SeaworthyError(
    "SW_START_FAILED",
    `${program} refuses its configuration: ${checked.output.trim().slice(0, 500)}`,
    `see ${where}`,
  );
}
