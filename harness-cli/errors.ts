/**
 * Every error that a person can cause or meet, in one table: the code names it in messages, docs and tests, and
 * decides the exit code. Anything that is not a `SeaworthyError` is a bug.
 */
export const errorTable = {
  // exit 2: the command line or the plan is wrong; nothing was started
  SW_USAGE: { exit: 2, about: "an option or argument is missing, unknown or malformed" },
  SW_UNKNOWN_NAME: { exit: 2, about: "no scenario, fault, check, defect or target has this name" },
  SW_BAD_PARAMETER: { exit: 2, about: "a parameter is unknown, of the wrong kind or out of range" },
  SW_BAD_FAULT_WINDOW: { exit: 2, about: "a fault window is malformed or lies outside the run" },
  SW_BAD_PLAN: { exit: 2, about: "the plan file cannot be read or has another format" },
  SW_NO_RECORD: { exit: 2, about: "there is no run record in that folder" },
  SW_NOT_ALLOWED: { exit: 2, about: "the target is off this machine and not on the allow-list" },
  // exit 4: the harness or the target failed
  SW_NOT_WRITABLE: { exit: 4, about: "the output folder cannot be written" },
  SW_DISK_FULL: { exit: 4, about: "the disk is full; what was recorded until then is kept" },
  SW_TOOL_MISSING: { exit: 4, about: "an outside program is not on this machine" },
  SW_TOOL_VERSION: { exit: 4, about: "an outside program has the wrong version" },
  SW_PROVISION_FAILED: { exit: 4, about: "an outside program could not be built or fetched" },
  SW_NO_CONTAINERS: { exit: 4, about: "no container daemon answers, or it went away" },
  SW_IMAGE_MISSING: { exit: 4, about: "a container image is not here and could not be fetched or built" },
  SW_PORT_TAKEN: { exit: 4, about: "a port that must be free is taken" },
  SW_START_FAILED: { exit: 4, about: "a process of the target did not start or never became ready" },
  SW_TARGET_FAILED: { exit: 4, about: "a process of the target died without being asked to" },
  SW_LOAD_FAILED: { exit: 4, about: "the load engine died or never reported" },
  SW_FAULT_FAILED: { exit: 4, about: "a fault could not be injected" },
  SW_FAULT_NOT_HEALED: { exit: 4, about: "a fault could not be undone, or its effect stayed" },
  SW_NOT_RUNNING: { exit: 4, about: "no system is up" },
  SW_ALREADY_RUNNING: { exit: 4, about: "a system is up already" },
} as const satisfies Record<string, { exit: 2 | 4; about: string }>;

export type ErrorCode = keyof typeof errorTable;

export class SeaworthyError extends Error {
  override readonly name = "SeaworthyError";
  readonly code: ErrorCode;
  /** What to do about it. */
  readonly hint: string;

  constructor(code: ErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }

  get exitCode(): 2 | 4 {
    return errorTable[this.code].exit;
  }
}
