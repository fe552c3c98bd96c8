import type { Check } from "../check.ts";
import type { RunRecord } from "../record/run-record.ts";
import type { Verdict } from "../verdict.ts";
import { phasesOf } from "../windows.ts";

/** One check on one phase by name, with the check's own limit. Throws when there is no such phase or limit. */
export function judgeOne(check: Check, record: RunRecord, phaseName: string): Verdict {
  const phases = phasesOf(record);
  const phase = phases.find(({ name }) => name === phaseName);
  if (!phase) throw new Error(`no phase ${phaseName} among ${phases.map(({ name }) => name).join(", ")}`);
  const limit = check.limits[phase.kind];
  if (limit === undefined) throw new Error(`${check.name} has no limit for ${phase.kind}`);
  return check.judge(record, phase, limit);
}
