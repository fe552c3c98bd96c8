import { type Closed, isOwnLeave } from "./close-cause.ts";
import type { RunRecord } from "./record/run-record.ts";
import { serverOfEndpoint, serverOfTarget } from "./whereabouts.ts";
import { type FaultSpan, faultSpans } from "./windows.ts";

/** A connection that ended without its client's asking. */
export interface UnaskedClose {
  readonly close: Closed;
  readonly server: string;
  /** Since CONNECTED; undefined where the record does not say. */
  readonly ageMs: number | undefined;
}

/** Until when a close still belongs to a fault: drivers notice late. */
const AFTER_MS = 2_000;

export function unaskedCloses(record: RunRecord): UnaskedClose[] {
  const connectedAt = new Map<string, number>();
  const found: UnaskedClose[] = [];
  for (const event of record.ledger.connections) {
    const key = `${event.client}/${event.attempt}`;
    if (event.what === "connected") connectedAt.set(key, event.atMs);
    if (event.what !== "closed" || isOwnLeave(event)) continue;
    const since = connectedAt.get(key);
    found.push({
      close: event,
      server: event.server ?? serverOfEndpoint(event.endpoint),
      ageMs: since === undefined ? undefined : event.atMs - since,
    });
  }
  return found;
}

/** Faults by which a server is asked to stop, and may say goodbye: those that expect a close code of an orderly one. */
export function plannedStops(record: RunRecord): FaultSpan[] {
  return faultSpans(record).filter(
    ({ window, ...span }) =>
      span.void === undefined && window.closes.some((code) => code === 1_001 || code === 1_012),
  );
}

/** Was a fault in force that acts on this server or its way there? */
export function isExplained(spans: readonly FaultSpan[], { close, server }: UnaskedClose): boolean {
  return spans.some(
    ({ window, fromMs, toMs }) =>
      window.drops &&
      (serverOfTarget(window.target) ?? server) === server &&
      close.atMs >= fromMs - 1_000 &&
      close.atMs <= toMs + AFTER_MS,
  );
}

/** One close in words. */
export function tellClose({ close, server }: UnaskedClose) {
  const code = close.code === null ? "no close frame" : `code ${close.code}`;
  return {
    text: `client ${close.client} on ${server}: ${code}, ${Math.round(close.silentMs)} ms after the last byte`,
    atMs: close.atMs,
    client: close.client,
    server,
  };
}
