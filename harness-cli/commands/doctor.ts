import { SeaworthyError } from "../errors.ts";
import { type Machine, thisMachine } from "../provision/machine.ts";
import { progressOn } from "../provision/progress.ts";
import { findTools, inspectTools, type ToolReport } from "../provision/tools.ts";

export interface DoctorOptions {
  /** Build or fetch what is missing first. */
  readonly fix: boolean;
  readonly json: boolean;
  /** Another machine than this one: for tests. */
  readonly machine?: Machine;
}

export interface DoctorOutput {
  stdout(text: string): void;
  stderr(text: string): void;
  /** Whether stderr is a terminal: progress is then one line that updates. */
  readonly isTTY?: boolean;
}

/**
 * Says which outside programs are there, which are missing and how to get them.
 *
 * @returns the exit code: 0 when all that every run needs are there, 4 when one of them is missing.
 */
export async function doctor(options: DoctorOptions, out: DoctorOutput): Promise<0 | 4> {
  const machine = options.machine ?? thisMachine();
  if (options.fix) await fix(machine, out);
  const reports = await inspectTools(machine);
  const ok = reports.every((report) => report.found || report.optional);
  if (options.json) {
    out.stdout(
      `${JSON.stringify({ ok, platform: machine.platform, cache: machine.cacheDir, tools: reports }, null, 2)}\n`,
    );
  } else {
    out.stdout(`${reports.map(line).join("\n")}\n\ncache  ${machine.cacheDir}\n`);
    if (!ok)
      out.stdout(
        options.fix ? "Something is still missing.\n" : "Get what is missing: npx seaworthy doctor --fix\n",
      );
  }
  return ok ? 0 : 4;
}

/** A failure is told, and the table still follows. */
async function fix(machine: Machine, out: DoctorOutput): Promise<void> {
  const progress = progressOn({ write: (text) => out.stderr(text), isTTY: out.isTTY === true });
  try {
    await findTools({ fix: true, progress, machine });
  } catch (error) {
    if (!(error instanceof SeaworthyError)) throw error;
    out.stderr(`${error.code}: ${error.message}\n  Hint: ${error.hint}\n`);
  }
}

function line(report: ToolReport): string {
  const { found } = report;
  const state = found ? `${found.version.padEnd(8)} ${found.from.padEnd(12)} ${found.path}` : "missing";
  const notes = found
    ? []
    : [
        ...report.refused.map(({ path, why }) => `not ${path}: ${why}`),
        ...(report.optional ? [`${report.optional}, and it is fetched then`] : []),
        `by hand: ${report.remedy}`,
      ];
  return [
    `${found ? "ok" : report.optional ? "  " : "--"}  ${report.wanted.padEnd(20)} ${state}`,
    ...notes.map((note) => `      ${note}`),
  ].join("\n");
}
