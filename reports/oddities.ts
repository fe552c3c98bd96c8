import type { Oddity } from "../scenarios/model/telemetry.ts";
import type { RunRecord, Send } from "./record/run-record.ts";

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

/** The SEND of an identity, by binary search in its publisher's slots. */
export function sendOf(record: RunRecord, publisher: number, slot: number): Send | undefined {
  const sends = record.ledger.sends.get(publisher) ?? [];
  let low = 0;
  let high = sends.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const send = sends[middle] as Send;
    if (send.slot === slot) return send;
    if (send.slot < slot) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}
