import { isOwnLeave } from "./close-cause.ts";
import type { RunRecord } from "./record/run-record.ts";

/** How long a client waited before one of its attempts to come back. */
export interface Retry {
  readonly client: number;
  /** 1 is the first one after the loss of a connection. */
  readonly nth: number;
  /** From the close or the failed attempt before it. */
  readonly delayMs: number;
  readonly atMs: number;
}

/** Every attempt that followed a connection which the client did not end itself, in the order of their times. */
export function retriesOf(record: RunRecord): Retry[] {
  const retries: Retry[] = [];
  const waiting = new Map<number, { readonly sinceMs: number; readonly tried: number }>();
  for (const event of record.ledger.connections) {
    const { client, atMs } = event;
    if (event.what === "closed") {
      if (isOwnLeave(event)) waiting.delete(client);
      else waiting.set(client, { sinceMs: atMs, tried: 0 });
    }
    if (event.what === "failed")
      waiting.set(client, { sinceMs: atMs, tried: waiting.get(client)?.tried ?? 0 });
    const before = waiting.get(client);
    if (event.what === "due" && before) {
      retries.push({ client, nth: before.tried + 1, delayMs: atMs - before.sinceMs, atMs });
      waiting.set(client, { sinceMs: atMs, tried: before.tried + 1 });
    }
    if (event.what === "connected") waiting.delete(client);
  }
  return retries;
}

/** Where the middle `share` of the values lies: half of the rest is left off at each end. Undefined for none. */
export function middleOf(
  values: readonly number[],
  share: number,
): { readonly from: number; readonly to: number; readonly median: number } | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  // Rounded, since 1 - 0.9 is a little less than 0.1.
  const off = Math.round((sorted.length * (1 - share)) / 2);
  const from = sorted[off];
  const to = sorted[sorted.length - 1 - off];
  const median = sorted[Math.floor(sorted.length / 2)];
  if (from === undefined || to === undefined || median === undefined) return undefined;
  return { from, to, median };
}
