import type { ConnectionEvent } from "../../../scenarios/model/telemetry.ts";
import type { RunRecord } from "../../record/run-record.ts";
import { serverOfEndpoint } from "../../whereabouts.ts";
import type { Phase } from "../../windows.ts";
import { largest } from "../numbers.ts";
import { codeName } from "./client-series.ts";

export type Closed = Extract<ConnectionEvent, { what: "closed" }>;

/** Closes of one code by one initiator (G17), counted by phase. */
export interface CloseRow {
  readonly code: string;
  /** Who ended it, as the client saw it; `unknown` is a connection that ended without a close frame. */
  readonly by: Closed["by"];
  /** One count for each phase, then one for what lies outside every phase. */
  readonly counts: readonly number[];
  readonly total: number;
  /** The reason given most often, and how many different ones there were. */
  readonly reason: string;
  readonly reasons: number;
  /** The longest time since the peer's last byte. */
  readonly silentMsMax: number;
}

/** Most frequent first. */
export function closeTable(record: RunRecord, phases: readonly Phase[]): readonly CloseRow[] {
  const closed = record.ledger.connections.filter((event) => event.what === "closed");
  const groups = Map.groupBy(closed, (event) => `${codeName(event.code)}/${event.by}`);
  const rows = [...groups.values()].map((closes): CloseRow => {
    const first = closes[0] as Closed;
    const counts = new Array<number>(phases.length + 1).fill(0);
    const reasons = new Map<string, number>();
    for (const close of closes) {
      const phase = phaseIndex(phases, close.atMs);
      counts[phase] = (counts[phase] as number) + 1;
      reasons.set(close.reason, (reasons.get(close.reason) ?? 0) + 1);
    }
    return {
      code: codeName(first.code),
      by: first.by,
      counts,
      total: closes.length,
      reason: [...reasons].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0] ?? "",
      reasons: reasons.size,
      silentMsMax: largest(
        closes.map((close) => close.silentMs),
        0,
      ),
    };
  });
  return rows.sort(
    (a, b) => b.total - a.total || (a.code < b.code ? -1 : a.code > b.code ? 1 : a.by < b.by ? -1 : 1),
  );
}

/** Everything that was not a client's own normal leave, in order: who, when, which code, by whom, how silent. */
export function drops(record: RunRecord): readonly Closed[] {
  return record.ledger.connections.filter(
    (event): event is Closed => event.what === "closed" && !(event.by === "self" && event.code === 1000),
  );
}

/** Position in `phases`; `phases.length` for a time outside all of them. */
export function phaseIndex(phases: readonly Phase[], atMs: number): number {
  const at = phases.findIndex((phase) => phase.fromMs <= atMs && atMs < phase.toMs);
  return at < 0 ? phases.length : at;
}

/** As the client was told, else the endpoint's number. */
export function serverOf(event: { readonly server?: string; readonly endpoint: number }): string {
  return event.server ?? serverOfEndpoint(event.endpoint);
}
