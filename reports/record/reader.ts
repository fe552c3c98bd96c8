import { open, readFile } from "node:fs/promises";
import path from "node:path";
import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import { wrongIn } from "../../scenarios/model/telemetry-shape.ts";
import { compose } from "./assemble.ts";
import type { HistoryEvent } from "./history.ts";
import { LedgerBuilder } from "./ledger-builder.ts";
import type { Plan } from "./plan.ts";
import { resolveRunDir, runFiles } from "./run-dir.ts";
import type { RunRecord } from "./run-record.ts";
import type { AuditLine, Sample } from "./samples.ts";
import { restorer, type StoredSample } from "./thin-samples.ts";

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
 * never stop it. Rejects with NoRecord when there is no readable plan of format 1, or `wrongInPlan` finds fault with it.
 */
export async function readRecord(given: string, wrongInPlan?: WrongInPlan): Promise<RunRecord> {
  const dir = await resolveRunDir(given);
  const plan = await readPlan(dir, wrongInPlan);
  const torn: string[] = [];
  const history: HistoryEvent[] = [];
  const ledger = new LedgerBuilder(plan);
  const samples: Sample[] = [];
  let audit: AuditLine | undefined;
  const restore = restorer();
  const read = async (name: string, take: Take): Promise<void> => {
    const found = await readLines(dir, name, torn, take);
    if (!found && name !== runFiles.audit) torn.push(`${name} is missing`);
  };
  await read(runFiles.history, (value) => {
    if (!hasKind(value)) return NO_SUCH_LINE;
    history.push(value as unknown as HistoryEvent);
    return undefined;
  });
  await read(runFiles.ledger, (value) => {
    const wrong = wrongIn(value);
    if (wrong !== undefined) return `is no report of the load: ${wrong}`;
    ledger.add(value as Telemetry);
    return undefined;
  });
  await read(runFiles.samples, (value) => {
    if (!isSample(value)) return NO_SUCH_LINE;
    const sample = restore(value);
    if (!sample) return "goes on from a line that is not there";
    samples.push(sample);
    return undefined;
  });
  await read(runFiles.audit, (value) => {
    if (!isAudit(value)) return NO_SUCH_LINE;
    audit = value as unknown as AuditLine;
    return undefined;
  });
  return compose({
    plan,
    history,
    ledger: ledger.finish(),
    samples,
    ...(audit ? { audit } : {}),
    torn: torn.sort(),
  });
}

/** What keeps this from being a whole plan of format 1, if anything does. */
type WrongInPlan = (plan: unknown) => string | undefined;

async function readPlan(dir: string, wrongInPlan?: WrongInPlan): Promise<Plan> {
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
  const wrong = wrongInPlan?.(plan);
  if (wrong !== undefined) throw new NoRecord(dir, `${runFiles.plan} is damaged: ${wrong}`);
  return plan as Plan;
}

/** Takes a line's value, or says why it cannot. */
type Take = (value: unknown) => string | undefined;

const NO_SUCH_LINE = "is unreadable";
/** Unreadable lines that are named one by one; a file of garbage has millions. */
const NAMED_MAX = 20;
/** No line that a writer of ours made is longer. */
const LINE_BYTES_MAX = 128 * 1024 * 1024;
const CHUNK_BYTES = 1 << 20;
const LF = 10;

/**
 * Reads a file line by line, so that it may be larger than memory. False when there is no such file; a line that is
 * not what it should be is left out and named in `torn`.
 */
async function readLines(dir: string, name: string, torn: string[], take: Take): Promise<boolean> {
  await using file = await open(path.join(dir, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!file) return false;
  let number = 0;
  let bad = 0;
  const line = (bytes: Buffer | undefined): void => {
    number += 1;
    const why = bytes === undefined ? NO_SUCH_LINE : take(parse(bytes.toString("utf8")));
    if (why && bad++ < NAMED_MAX) torn.push(`${name}: line ${number} ${why}`);
  };

  let rest: Buffer[] = [];
  let restBytes = 0;
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES);
    if (bytesRead === 0) break;
    let from = 0;
    for (;;) {
      const to = chunk.subarray(0, bytesRead).indexOf(LF, from);
      if (to < 0) break;
      const end = chunk.subarray(from, to);
      if (restBytes + end.length > LINE_BYTES_MAX) line(undefined);
      else line(restBytes === 0 ? end : Buffer.concat([...rest, end]));
      rest = [];
      restBytes = 0;
      from = to + 1;
    }
    restBytes += bytesRead - from;
    if (restBytes > LINE_BYTES_MAX) rest = [];
    else if (bytesRead > from) rest.push(Buffer.from(chunk.subarray(from, bytesRead)));
  }
  if (bad > NAMED_MAX) torn.push(`${name}: ${bad - NAMED_MAX} more lines are unreadable`);
  // A last line without its newline may be cut anywhere, even where it still parses: 12345 cut to 123.
  if (restBytes > 0) torn.push(`${name}: the last line is cut off`);
  return true;
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

function hasKind(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && typeof value.kind === "string" && typeof value.atMs === "number";
}

function isSample(value: unknown): value is StoredSample {
  if (!hasKind(value)) return false;
  if (value.kind !== "server") return true;
  return typeof value.server === "string" && (isRecord(value.series) || Array.isArray(value.changed));
}

function isAudit(value: unknown): boolean {
  return isRecord(value) && Array.isArray(value.stored) && typeof value.rows === "number";
}
