import type { Ended } from "../reports/record/history.ts";
import type { Overall } from "../reports/verdict.ts";

/** The one table of exit codes; `--help` and the README show it. */
export const exitCodes = {
  0: "met: every check was judged and held",
  1: "breached: at least one check is over its limit",
  2: "bad command line or plan; nothing was started",
  3: "unknown or invalid: could not judge",
  4: "the harness or the target failed",
  130: "interrupted",
} as const;
export type ExitCode = keyof typeof exitCodes;

export function exitCodeOf(ended: Ended, overall: Overall): ExitCode {
  switch (ended.how) {
    case "interrupted":
      return 130;
    case "failed":
    case "torn":
      return 4;
    case "completed":
    case "aborted":
      return overall === "met" ? 0 : overall === "breached" ? 1 : 3;
  }
}
