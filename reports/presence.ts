import { isOwnLeave } from "./close-cause.ts";
import type { RunRecord } from "./record/run-record.ts";

/** How many clients the load wanted online, and how many were, from `atMs` on until the next row. */
export interface PresenceRow {
  readonly atMs: number;
  readonly due: number;
  readonly online: number;
}

/** A client counts as wanted this long after its time came: it needs a moment to connect and subscribe. */
export const DUE_GRACE_MS = 2_000;

/**
 * The clients over time, exact to the ms, from the connection events. Online is who holds a confirmed subscription;
 * a client that never subscribes in the whole run is online while connected. Who left by itself is not wanted
 * any more.
 */
export function presenceOf(record: RunRecord): PresenceRow[] {
  const { connections, windows } = record.ledger;
  const changes: { atMs: number; client: number; due: number; online: number }[] = [];
  const change = (atMs: number, client: number, due: number, online: number): void => {
    changes.push({ atMs, client, due, online });
  };

  const subscribers = new Set(windows.map((window) => window.client));
  for (const window of windows) {
    change(window.fromMs, window.client, 0, 1);
    if (window.ended !== "open") change(window.toMs, window.client, 0, -1);
  }
  const due = new Set<number>();
  const left = new Set<number>();
  for (const event of connections) {
    const { client, atMs } = event;
    if (event.what === "due" && !due.has(client)) {
      due.add(client);
      change(atMs + DUE_GRACE_MS, client, 1, 0);
    }
    if (event.what === "connected" && !subscribers.has(client)) change(atMs, client, 0, 1);
    if (event.what !== "closed") continue;
    if (!subscribers.has(client)) change(atMs, client, 0, -1);
    if (isOwnLeave(event) && due.has(client) && !left.has(client)) {
      left.add(client);
      change(atMs, client, -1, 0);
    }
  }
  return rowsOf(changes);
}

function rowsOf(
  changes: readonly { atMs: number; client: number; due: number; online: number }[],
): PresenceRow[] {
  const subscriptions = new Map<number, number>();
  const rows: PresenceRow[] = [];
  let due = 0;
  let online = 0;
  for (const step of [...changes].sort((a, b) => a.atMs - b.atMs)) {
    const before = subscriptions.get(step.client) ?? 0;
    const after = before + step.online;
    subscriptions.set(step.client, after);
    due += step.due;
    online += Number(after > 0) - Number(before > 0);
    const last = rows.at(-1);
    if (last?.atMs === step.atMs) rows[rows.length - 1] = { atMs: step.atMs, due, online };
    else rows.push({ atMs: step.atMs, due, online });
  }
  return rows;
}
