import { roleOfClient } from "./record/plan.ts";
import type { RunRecord } from "./record/run-record.ts";
import { isExplained, type UnaskedClose, unaskedCloses } from "./unasked-closes.ts";
import { faultSpans } from "./windows.ts";

export interface ClosesByRole {
  /** Roles that had connections. */
  readonly roles: number;
  /** Closes that no fault explains, by role; roles without any are absent. */
  readonly closes: ReadonlyMap<string, readonly UnaskedClose[]>;
}

/** Whom it hits may say why: roles differ in what their clients do. */
export function closesByRole(record: RunRecord): ClosesByRole {
  const { plan, ledger } = record;
  const nameOf = (client: number) => roleOfClient(plan, client)?.name ?? "";
  const connected = ledger.connections.filter(({ what }) => what === "connected");
  const spans = faultSpans(record);
  const own = unaskedCloses(record).filter((one) => !isExplained(spans, one));
  return {
    roles: new Set(connected.map(({ client }) => nameOf(client))).size,
    closes: Map.groupBy(own, ({ close }) => nameOf(close.client)),
  };
}
