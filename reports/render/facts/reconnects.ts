import type { RunRecord } from "../../record/run-record.ts";
import { largest, rounded } from "../numbers.ts";
import { type FaultStory, faultStories } from "./faults.ts";

/** How the clients that one fault dropped came back (G18). Times count from the first drop. */
export interface ReconnectCurve {
  readonly fault: FaultStory;
  readonly firstDropMs: number;
  readonly dropped: number;
  /** Clients with a subscription again before the record ends. */
  readonly back: number;
  /** The most attempts, first and later ones, that began within one sliding second. */
  readonly attemptsPerSecondMax: number;
  /** Largest share (0 to 1) of the dropped clients whose first attempt began within one sliding second. */
  readonly firstAttemptShareMax: number;
  /** ms until that share of the dropped clients was subscribed again; undefined if it never was. */
  readonly backAfterMs: { readonly p50?: number; readonly p95?: number; readonly p99?: number };
  readonly attemptsPerClientMean: number;
  readonly attemptsPerClientMax: number;
}

/** A drop still belongs to a fault this long after it was healed: time-outs come late. */
const TRAILING_MS = 2_000;

/** One curve for each fault that dropped anybody. */
export function reconnectCurves(record: RunRecord): readonly ReconnectCurve[] {
  return faultStories(record).flatMap((fault) => {
    const droppedAt =
      fault.band === undefined
        ? undefined
        : dropsWithin(record, fault.band.fromMs, fault.band.toMs + TRAILING_MS);
    return droppedAt === undefined || droppedAt.size === 0 ? [] : [curveOf(record, fault, droppedAt)];
  });
}

function dropsWithin(record: RunRecord, fromMs: number, toMs: number): ReadonlyMap<number, number> {
  const droppedAt = new Map<number, number>();
  for (const event of record.ledger.connections) {
    if (event.what !== "closed" || event.by === "self" || event.atMs < fromMs || event.atMs > toMs) continue;
    if (!droppedAt.has(event.client)) droppedAt.set(event.client, event.atMs);
  }
  return droppedAt;
}

function curveOf(
  record: RunRecord,
  fault: FaultStory,
  droppedAt: ReadonlyMap<number, number>,
): ReconnectCurve {
  const firstDropMs = [...droppedAt.values()].reduce(
    (first, atMs) => Math.min(first, atMs),
    Number.POSITIVE_INFINITY,
  );
  const attempts = new Map<number, number[]>();
  const backAt = new Map<number, number>();
  for (const event of record.ledger.connections) {
    const since = droppedAt.get(event.client);
    if (since === undefined || event.atMs < since || backAt.has(event.client)) continue;
    if (event.what === "due") {
      const own = attempts.get(event.client) ?? [];
      attempts.set(event.client, own);
      own.push(event.atMs);
    }
    if (event.what === "subscribed") backAt.set(event.client, event.atMs);
  }
  const firsts = [...attempts.values()].map(([first]) => first as number).sort((a, b) => a - b);
  const returns = [...backAt.values()].map((atMs) => atMs - firstDropMs).sort((a, b) => a - b);
  const counts = [...droppedAt.keys()].map((client) => attempts.get(client)?.length ?? 0);
  const after = (share: number) => {
    const atMs = returns[Math.max(1, Math.ceil(share * droppedAt.size)) - 1];
    return atMs === undefined ? {} : { [`p${Math.round(share * 100)}`]: rounded(atMs) };
  };
  return {
    fault,
    firstDropMs,
    dropped: droppedAt.size,
    back: returns.length,
    attemptsPerSecondMax: mostWithin(
      [...attempts.values()].flat().sort((a, b) => a - b),
      1_000,
    ),
    firstAttemptShareMax: rounded(mostWithin(firsts, 1_000) / droppedAt.size),
    backAfterMs: { ...after(0.5), ...after(0.95), ...after(0.99) },
    attemptsPerClientMean: rounded(counts.reduce((sum, count) => sum + count, 0) / counts.length),
    attemptsPerClientMax: largest(counts, 0),
  };
}

/** The most of the sorted `times` in any window [t, t + spanMs). */
function mostWithin(times: readonly number[], spanMs: number): number {
  let most = 0;
  let from = 0;
  for (let to = 0; to < times.length; to++) {
    while ((times[to] as number) - (times[from] as number) >= spanMs) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
