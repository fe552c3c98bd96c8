import type { FaultEvent, FaultStep, FaultWindow } from "../chaos/timeline.ts";
import type { PhaseKind } from "./record/plan.ts";
import type { RunRecord } from "./record/run-record.ts";

/** A stretch of the run that is judged by itself, on whole seconds. */
export interface Phase {
  /** `warm-up`, `baseline`, `during kill server-2`, `recovery after kill server-2`, `final`. Unique in a run. */
  readonly name: string;
  readonly kind: PhaseKind;
  readonly fromMs: number;
  readonly toMs: number;
  /** Fault windows in force (kind fault) or just healed (kind recovery), by index. */
  readonly faults: readonly number[];
  /** Why nothing here can be judged: a fault that had no effect, a torn record. Its checks are unknown. */
  readonly void?: string;
}

/** One fault as it really happened, which is never quite as planned. */
export interface FaultSpan {
  readonly window: FaultWindow;
  /** From the moment it was about to be injected until it was seen healed (or until the record's end). */
  readonly fromMs: number;
  readonly toMs: number;
  readonly healed: boolean;
  /** Why it proves nothing: it failed, had no effect, or the record does not say. */
  readonly void?: string;
}

/**
 * How long after a fault the recovery's own limits hold: the 8 s over which full jitter spreads the first retries
 * (I20), plus 4 s to connect, subscribe and settle. Not scaled: neither back-off nor round trips are (I85). How
 * long recovery really takes is judged by `recovery-time`, which looks further.
 */
export const RECOVERY_MS = 12_000;

/** A shorter stretch holds too little to be judged and goes to its neighbour. */
const SHORTEST_MS = 2_000;
/** A final phase must be long enough to say "and it stays so". */
const SHORTEST_FINAL_MS = 4_000;

/**
 * The run cut into phases on whole seconds, without a gap from 0 to the end of publishing (or of the record, if
 * that ended sooner). Faults that overlap make one phase together. Empty when nothing was recorded.
 */
export function phasesOf(record: RunRecord): Phase[] {
  const endMs = endOfPhases(record);
  const groups = overlapping(faultSpans(record), endMs);
  const firstFault = groups[0];
  const phases: Phase[] = [];
  let cursor = Math.min(wholeUp(record.plan.timing.warmUpMs), endMs);
  if (firstFault && firstFault.fromMs - cursor < SHORTEST_MS) cursor = firstFault.fromMs;
  if (cursor > 0) phases.push(phase("warm-up", "warm-up", 0, cursor));

  const baselineEnd = firstFault?.fromMs ?? endMs;
  if (baselineEnd > cursor) phases.push(phase("baseline", "baseline", cursor, baselineEnd));

  for (const [i, group] of groups.entries()) {
    const next = groups[i + 1]?.fromMs;
    const until = next ?? endMs;
    const names = group.spans.map(({ window }) => window.schedule ?? `${window.fault} ${window.target}`);
    const name = [...new Set(names)].join(" + ");
    const faults = group.spans.map(({ window }) => window.index);
    const why = group.spans.flatMap((span) => span.void ?? []).join("; ");
    const voided = why ? { void: why } : {};

    const hasRecovery = until - group.toMs >= SHORTEST_MS;
    const faultEnd = hasRecovery ? group.toMs : until;
    phases.push({ ...phase(`during ${name}`, "fault", group.fromMs, faultEnd, faults), ...voided });
    if (!hasRecovery) continue;

    const steadyFrom = Math.min(faultEnd + RECOVERY_MS, until);
    const shortest = next === undefined ? SHORTEST_FINAL_MS : SHORTEST_MS;
    const hasSteady = until - steadyFrom >= shortest;
    const recoveryEnd = hasSteady ? steadyFrom : until;
    phases.push({
      ...phase(`recovery after ${name}`, "recovery", faultEnd, recoveryEnd, faults),
      ...voided,
    });
    if (!hasSteady) continue;
    phases.push(
      next === undefined
        ? phase("final", "final", steadyFrom, until)
        : phase(`baseline after ${name}`, "baseline", steadyFrom, until),
    );
  }
  return withUniqueNames(phases);
}

/** Every planned fault that came to happen (or should have, before the record ended), by its actual start. */
export function faultSpans(record: RunRecord): FaultSpan[] {
  const endMs = recordEnd(record);
  const spans: FaultSpan[] = [];
  for (const window of record.plan.timeline) {
    const steps = stepsOf(record, window.index);
    const at = (step: FaultStep): number | undefined => steps.find((event) => event.step === step)?.atMs;
    const injecting = at("injecting");
    if (injecting === undefined) {
      const missed = missedSpan(window, steps, endMs);
      if (missed.fromMs < endMs) spans.push({ window, healed: true, ...missed });
      continue;
    }
    const healedMs = at("healed") ?? at("failed");
    const why = whyVoid(window, steps);
    spans.push({
      window,
      fromMs: injecting,
      toMs: Math.max(injecting, healedMs ?? endMs),
      healed: healedMs !== undefined,
      ...(why ? { void: why } : {}),
    });
  }
  // Those that began together stay in the plan's order.
  return spans.sort((a, b) => a.fromMs - b.fromMs);
}

/**
 * Where the record should have a fault and has none. A condition that never came true leaves unknown what lay after
 * its last chance: until then the fault was not missing.
 */
function missedSpan(
  window: FaultWindow,
  steps: readonly FaultEvent[],
  endMs: number,
): { readonly fromMs: number; readonly toMs: number; readonly void: string } {
  const name = `${window.fault} on ${window.target}`;
  const neverDue = steps.find((event) => event.step === "never-due");
  if (neverDue) {
    const detail = neverDue.detail ? `: ${neverDue.detail}` : "";
    return { fromMs: neverDue.atMs, toMs: endMs, void: `${name} never happened${detail}` };
  }
  const due = steps.find((event) => event.step === "due");
  if (window.when && !due) {
    const why = `${name} waited for its condition, and the record does not say what became of it`;
    return { fromMs: window.when.untilMs, toMs: endMs, void: why };
  }
  const fromMs = (due?.atMs ?? 0) + window.fromMs;
  return {
    fromMs,
    toMs: Math.min((due?.atMs ?? 0) + window.toMs, endMs),
    void: `${name} was planned at ${fromMs} ms, and the record does not say that it happened`,
  };
}

/** Index of the fault that was in force at a time of the run, for evidence. */
export function faultInForce(spans: readonly FaultSpan[], atMs: number): number | undefined {
  return spans.find((span) => span.fromMs <= atMs && atMs < span.toMs)?.window.index;
}

/**
 * For checks that follow single messages: the phase, widened so that no message of the run falls between two
 * phases. A message needs no warm-up to arrive, so the first phase begins at 0 and the last one never ends.
 */
export function messageSpan(record: RunRecord, phase: Phase): { fromMs: number; toMs: number } {
  const judged = phasesOf(record).filter((one) => one.kind !== "warm-up");
  return {
    fromMs: judged[0]?.fromMs === phase.fromMs ? 0 : phase.fromMs,
    toMs: judged.at(-1)?.toMs === phase.toMs ? Number.POSITIVE_INFINITY : phase.toMs,
  };
}

/** A completed run is judged until its publishers stop; any other as far as all of its clients reported. */
function endOfPhases(record: RunRecord): number {
  const publishUntil = wholeUp(record.plan.timing.publishUntilMs);
  if (record.ended.how === "completed") return publishUntil;
  return Math.min(publishUntil, wholeDown(recordEnd(record)));
}

/** When the load's own end began: what clients had under way then, it cut short. */
export function loadEndsMs(record: RunRecord): number {
  return Math.min(record.plan.timing.publishUntilMs, recordEnd(record));
}

function recordEnd(record: RunRecord): number {
  if (record.ended.how === "completed") return record.plan.timing.publishUntilMs;
  const stopping = record.history.find((event) => event.kind === "run" && event.what === "stopping")?.atMs;
  const interrupted = record.ledger.untilMs;
  return Math.max(0, Math.min(stopping ?? interrupted, interrupted));
}

function stepsOf(record: RunRecord, index: number): FaultEvent[] {
  return record.history.filter((event) => event.kind === "fault").filter((event) => event.index === index);
}

function whyVoid(window: FaultWindow, steps: readonly FaultEvent[]): string | undefined {
  const name = `${window.fault} on ${window.target}`;
  const failed = steps.find((event) => event.step === "failed");
  if (failed) return `${name} failed${failed.detail ? `: ${failed.detail}` : ""}`;
  const unseen = steps.find((event) => event.step === "not-observed");
  if (unseen) return `${name} had no effect${unseen.detail ? `: ${unseen.detail}` : ""}`;
  if (!steps.some((event) => event.step === "observed")) return `${name} was never seen to have an effect`;
  return undefined;
}

interface Group {
  readonly spans: readonly FaultSpan[];
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Faults on whole seconds; those that share a second become one group, and so do those of one schedule with all that
 * lies between them. Only what lies before the end.
 */
function overlapping(spans: readonly FaultSpan[], endMs: number): Group[] {
  const groups: Group[] = [];
  for (const span of spans) {
    const fromMs = wholeDown(span.fromMs);
    const toMs = Math.min(wholeUp(span.toMs), endMs);
    if (fromMs >= endMs) continue;
    const { schedule } = span.window;
    const at = groups.findIndex(
      (group) =>
        fromMs < group.toMs ||
        (schedule !== undefined && group.spans.some((other) => other.window.schedule === schedule)),
    );
    const joined = at < 0 ? [] : groups.splice(at);
    groups.push({
      spans: [...joined.flatMap((group) => group.spans), span],
      fromMs: joined[0]?.fromMs ?? fromMs,
      toMs: Math.max(toMs, fromMs + 1_000, ...joined.map((group) => group.toMs)),
    });
  }
  return groups;
}

function phase(
  name: string,
  kind: PhaseKind,
  fromMs: number,
  toMs: number,
  faults: readonly number[] = [],
): Phase {
  return { name, kind, fromMs, toMs, faults };
}

function withUniqueNames(phases: readonly Phase[]): Phase[] {
  const seen = new Map<string, number>();
  return phases.map((one) => {
    const count = (seen.get(one.name) ?? 0) + 1;
    seen.set(one.name, count);
    return count === 1 ? one : { ...one, name: `${one.name} (${count})` };
  });
}

function wholeDown(ms: number): number {
  return Math.max(0, Math.floor(ms / 1_000) * 1_000);
}

function wholeUp(ms: number): number {
  return Math.ceil(ms / 1_000) * 1_000;
}
