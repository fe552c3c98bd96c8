import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import type { Ended, HistoryEvent } from "./history.ts";
import { LedgerBuilder } from "./ledger-builder.ts";
import type { Plan } from "./plan.ts";
import type { Ledger, RunRecord } from "./run-record.ts";
import type { AuditLine, Sample } from "./samples.ts";

/** The lines of a record as they were written, whole or not. */
export interface RecordLines {
  readonly plan: Plan;
  readonly history: readonly HistoryEvent[];
  readonly ledger: readonly Telemetry[];
  readonly samples: readonly Sample[];
  readonly audit?: AuditLine;
  /** What the reader found missing. */
  readonly torn?: readonly string[];
}

/** The same with the ledger put together already. */
export interface RecordParts extends Omit<RecordLines, "ledger"> {
  readonly ledger: Ledger;
}

/** Puts the lines of a record in order. Pure: the same lines give the same record. */
export function assemble(lines: RecordLines): RunRecord {
  const ledger = new LedgerBuilder(lines.plan);
  for (const line of lines.ledger) ledger.add(line);
  return compose({ ...lines, ledger: ledger.finish() });
}

export function compose(lines: RecordParts): RunRecord {
  const { plan, history, ledger } = lines;
  const samples = [...lines.samples].sort((a, b) => a.atMs - b.atMs);
  const probe = samples.filter((sample) => sample.kind === "probe");
  const ended = endOf(history);
  const startEpochMs = history.findLast((event) => event.kind === "run" && event.what === "go") as
    | { startEpochMs?: number }
    | undefined;
  return {
    plan,
    ended,
    history,
    ...(startEpochMs?.startEpochMs === undefined ? {} : { startEpochMs: startEpochMs.startEpochMs }),
    durationMs: latest([history, samples, ledger.connections, ledger.gauges, ledger.byes]),
    torn: [...(lines.torn ?? []), ...whatIsMissing(ended, history, ledger)],
    ledger,
    samples: {
      servers: samples.filter((sample) => sample.kind === "server"),
      machine: samples.filter((sample) => sample.kind === "machine"),
      ...(probe.length > 0 ? { probe } : {}),
    },
    ...(lines.audit ? { audit: lines.audit } : {}),
  };
}

function endOf(history: readonly HistoryEvent[]): Ended {
  for (const event of history.toReversed()) {
    if (event.kind === "run" && event.ended) return event.ended;
  }
  return { how: "torn" };
}

function latest(lists: readonly (readonly { readonly atMs: number }[])[]): number {
  let last = 0;
  for (const list of lists) for (const { atMs } of list) last = Math.max(last, atMs);
  return last;
}

function whatIsMissing(ended: Ended, history: readonly HistoryEvent[], ledger: Ledger): string[] {
  const missing: string[] = [];
  if (ended.how === "torn") missing.push("nobody wrote how the run ended: the harness itself died");
  const went = history.some((event) => event.kind === "run" && event.what === "go");
  if (went && ledger.flushTimes.size === 0) missing.push("the load never reported");
  for (const { vu } of ledger.hellos) {
    const isSilent = ledger.flushTimes.size > 0 && !ledger.flushTimes.has(vu);
    if (isSilent) missing.push(`VU ${vu} said hello and never reported`);
  }
  for (const hole of ledger.holes) {
    const count = hole.toSequence - hole.fromSequence + 1;
    missing.push(
      `VU ${hole.vu}: ${count} of its reports are missing between ${hole.fromMs} and ${hole.toMs} ms`,
    );
  }
  if (ended.how === "completed") {
    for (const vu of new Set([...ledger.flushTimes.keys(), ...ledger.hellos.map((hello) => hello.vu)])) {
      if (!ledger.byes.some((bye) => bye.vu === vu)) missing.push(`VU ${vu} never said bye`);
    }
  }
  return missing;
}
