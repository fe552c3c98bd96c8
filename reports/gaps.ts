import type { Gap, RunRecord } from "./record/run-record.ts";

export interface Gaps {
  readonly gaps: readonly Gap[];
  /** Where reports of the engine are missing the numbers may have come. */
  readonly undecided: number;
}

/** Holes in the numbers of a room, by the time at which the message behind each was told. */
export function gapsIn(record: RunRecord, fromMs: number, toMs: number): Gaps {
  const inTime = record.ledger.gaps.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  const gaps = inTime.filter(({ subscription, atMs }) => {
    // Without its window nobody says which part of the engine it belongs to: then any hole may be its own.
    const unseen = record.ledger.windowOf.get(subscription)?.unseen ?? record.ledger.holes;
    return !unseen.some((span) => span.fromMs <= atMs);
  });
  return { gaps, undecided: inTime.length - gaps.length };
}
