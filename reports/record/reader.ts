import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import { assemble } from "./assemble.ts";
import type { HistoryEvent } from "./history.ts";
import type { Plan } from "./plan.ts";
import { resolveRunDir, runFiles } from "./run-dir.ts";
import type { RunRecord } from "./run-record.ts";
import type { AuditLine, Sample } from "./samples.ts";

/** There is nothing to judge in this folder: no plan, or one of another format. */
export class NoRecord extends Error {
  override readonly name = "NoRecord";
  readonly dir: string;

  constructor(dir: string, why: string, options?: ErrorOptions) {
    super(`no run record in ${dir}: ${why}`, options);
    this.dir = dir;
  }
}

/**
 * Reads a run back, whole or torn: missing files, cut last lines and unreadable lines are named in `torn` and
 * never stop it. Rejects with NoRecord when there is no readable plan of format 1.
 */
export async function readRecord(given: string): Promise<RunRecord> {
  const dir = await resolveRunDir(given);
  const plan = await readPlan(dir);
  const torn: string[] = [];
  const [history, ledger, samples, audit] = await Promise.all([
    readLines<HistoryEvent>(dir, runFiles.history, torn, hasKind),
    readLines<Telemetry>(dir, runFiles.ledger, torn, isTelemetry),
    readLines<Sample>(dir, runFiles.samples, torn, hasKind),
    readLines<AuditLine>(dir, runFiles.audit, torn, isAudit),
  ]);
  const lastAudit = audit?.at(-1);
  for (const [name, lines] of [
    [runFiles.history, history],
    [runFiles.ledger, ledger],
    [runFiles.samples, samples],
  ] as const) {
    if (!lines) torn.push(`${name} is missing`);
  }
  return assemble({
    plan,
    history: history ?? [],
    ledger: ledger ?? [],
    samples: samples ?? [],
    ...(lastAudit ? { audit: lastAudit } : {}),
    torn: torn.sort(),
  });
}

async function readPlan(dir: string): Promise<Plan> {
  let plan: Partial<Plan> | null;
  try {
    plan = JSON.parse(await readFile(path.join(dir, runFiles.plan), "utf8"));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? `${runFiles.plan} is missing` : `${runFiles.plan} cannot be read`;
    throw new NoRecord(dir, why, { cause: error });
  }
  if (plan?.format !== 1) {
    throw new NoRecord(dir, `${runFiles.plan} is of format ${JSON.stringify(plan?.format)}, not 1`);
  }
  return plan as Plan;
}

/** Undefined when there is no such file; a line that is not what it should be is left out and named in `torn`. */
async function readLines<T>(
  dir: string,
  name: string,
  torn: string[],
  accepts: (value: unknown) => boolean,
): Promise<T[] | undefined> {
  let text: string;
  try {
    text = await readFile(path.join(dir, name), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const lines = text.split("\n");
  const rest = lines.pop();
  const read: T[] = [];
  for (const [i, line] of lines.entries()) {
    const value = parse(line);
    if (accepts(value)) read.push(value as T);
    else torn.push(`${name}: line ${i + 1} is unreadable`);
  }
  // A last line without its newline may be cut anywhere, even where it still parses: 12345 cut to 123.
  if (rest) torn.push(`${name}: the last line is cut off`);
  return read;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasKind(value: unknown): boolean {
  return isRecord(value) && typeof value.kind === "string" && typeof value.atMs === "number";
}

function isAudit(value: unknown): boolean {
  return isRecord(value) && Array.isArray(value.stored) && typeof value.rows === "number";
}

const FLUSH_LISTS = ["connections", "sends", "outcomes", "received", "oddities", "histograms", "slowest"];

function isTelemetry(value: unknown): boolean {
  if (!isRecord(value) || typeof value.vu !== "number") return false;
  switch (value.type) {
    case "hello":
      return true;
    case "error":
    case "bye":
      return typeof value.atMs === "number";
    case "flush":
      return (
        typeof value.atMs === "number" &&
        typeof value.sequence === "number" &&
        isRecord(value.counts) &&
        isRecord(value.gauges) &&
        FLUSH_LISTS.every((name) => Array.isArray(value[name]))
      );
    default:
      return false;
  }
}
