import type { Oddity } from "../scenarios/model/telemetry.ts";
import { countOf } from "./measure.ts";
import type { Intervals, RunRecord, Send } from "./record/run-record.ts";

/** The kinds that name a message of this run. */
export type Odd<What extends "duplicate" | "inversion"> = Extract<Oddity, { what: What }>;

/** Oddities of one kind about messages that were intended in [fromMs, toMs); unknown messages count when they came. */
export function odditiesIn<What extends "duplicate" | "inversion">(
  record: RunRecord,
  what: What,
  fromMs: number,
  toMs: number,
): Odd<What>[] {
  return record.ledger.oddities
    .filter((oddity) => oddity.what === what)
    .filter((oddity) => {
      const { publisher, slot, atMs } = oddity as Odd<"duplicate" | "inversion">;
      const intendedMs = sendOf(record, publisher, slot)?.intendedMs ?? atMs;
      return intendedMs >= fromMs && intendedMs < toMs;
    }) as Odd<What>[];
}

/** Oddities that the engine counted without listing them, by the time of their flush. */
export interface Dropped {
  /** Known to be of this kind. */
  readonly known: number;
  /** Of any kind: records of older versions do not tell. */
  readonly perhaps: number;
}

export function droppedIn(
  record: RunRecord,
  what: "duplicate" | "inversion",
  fromMs: number,
  toMs: number,
): Dropped {
  const all = countOf(record, "odditiesDropped", fromMs, toMs);
  const duplicates = countOf(record, "duplicatesDropped", fromMs, toMs);
  const inversions = countOf(record, "inversionsDropped", fromMs, toMs);
  const foreign = countOf(record, "foreignDropped", fromMs, toMs);
  return {
    known: what === "duplicate" ? duplicates : inversions,
    perhaps: Math.max(0, all - duplicates - inversions - foreign),
  };
}

/** The SEND of an identity. */
export function sendOf(record: RunRecord, publisher: number, slot: number): Send | undefined {
  const sends = record.ledger.sends.get(publisher) ?? [];
  const send = sends[firstAtOrAfter(sends, slot)];
  return send?.slot === slot ? send : undefined;
}

/** Calls back with every slot of the runs and its SEND, in order: one search for each run, then side by side. */
export function eachSend(
  record: RunRecord,
  publisher: number,
  slots: Intervals,
  use: (slot: number, send: Send | undefined) => void,
): void {
  const sends = record.ledger.sends.get(publisher) ?? [];
  for (let i = 0; i + 1 < slots.length; i += 2) {
    const to = slots[i + 1] as number;
    let at = firstAtOrAfter(sends, slots[i] as number);
    for (let slot = slots[i] as number; slot <= to; slot++) {
      const send = sends[at];
      if (send?.slot === slot) {
        use(slot, send);
        at++;
      } else {
        use(slot, undefined);
      }
    }
  }
}

function firstAtOrAfter(sends: readonly Send[], slot: number): number {
  let low = 0;
  let high = sends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sends[middle] as Send).slot < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}
