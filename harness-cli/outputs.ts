import { writeFile } from "node:fs/promises";
import path from "node:path";
import { messageOf } from "../chaos/deadline.ts";
import type { Check } from "../reports/check.ts";
import { diagnose } from "../reports/diagnosis.ts";
import { judge } from "../reports/judge.ts";
import type { PlannedCheck } from "../reports/record/plan.ts";
import { NoRecord, readRecord } from "../reports/record/reader.ts";
import type { RunRecord } from "../reports/record/run-record.ts";
import { html } from "../reports/render/html.ts";
import { json } from "../reports/render/json.ts";
import { junit } from "../reports/render/junit.ts";
import { markdown } from "../reports/render/markdown.ts";
import type { Report } from "../reports/report.ts";
import { verdictFile } from "../reports/verdict-file.ts";
import { type Catalog, find } from "./catalog.ts";
import { SeaworthyError } from "./errors.ts";
import { wrongInPlan } from "./plan-file.ts";
import { writtenOrRefused } from "./written.ts";

export interface Judged {
  readonly record: RunRecord;
  readonly report: Report;
  /** The text of verdict.json. */
  readonly verdict: string;
}

/** The record alone, judged, by `only` these checks where given. The same record gives the same bytes, whoever asks and whenever. */
export async function judgeRun(
  dir: string,
  catalog: Catalog,
  cwd: string,
  only?: readonly PlannedCheck[],
): Promise<Judged> {
  const whole = await recordIn(dir);
  const record = only ? { ...whole, plan: { ...whole.plan, checks: only } } : whole;
  const checks: Check[] = [];
  for (const { name } of record.plan.checks) checks.push(await find("check", name, catalog.checks, cwd));
  const judged = judge(record, checks);
  const diagnoses = diagnose(judged, record, [...catalog.defects.values()], catalog.features);
  const report = { ...judged, diagnoses };
  return { record, report, verdict: verdictFile(report) };
}

async function recordIn(dir: string): Promise<RunRecord> {
  try {
    return await readRecord(dir, wrongInPlan);
  } catch (error) {
    // What cannot be opened or read (a folder where a file should be) is no record either.
    if (!(error instanceof NoRecord) && (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new SeaworthyError(
      "SW_NO_RECORD",
      messageOf(error),
      "give the folder of a run, such as runs/latest",
    );
  }
}

/** Everything a run hands over besides its record. */
export async function writeOutputs(dir: string, { record, report, verdict }: Judged): Promise<void> {
  const texts = {
    "verdict.json": verdict,
    "report.html": html(report, record),
    "report.json": json(report, record),
    "report.md": markdown(report, record),
    "junit.xml": junit(report, record),
  };
  await writtenOrRefused(
    dir,
    () =>
      Promise.all(Object.entries(texts).map(([name, content]) => writeFile(path.join(dir, name), content))),
    "the reports lie beside the record: make the folder writable, or judge a copy of it",
  );
}
