import { chatChecks, chatParams, chatWarmUpMs } from "./chat.ts";
import type { Load } from "./scenario.ts";

/** The load beside an exam: as much as the ledger's invariants need, and as little as leaves the machine to the exam. */
export const quietChat = { ...chatParams, clients: 30, rampMs: 2_000, holdMs: 16_000 };

/**
 * What the chat beside an exam is judged by: everything but its speed, for an exam's bursts (thirty logins at once, a
 * hundred SENDs) are none of the load that the limits of latency are made for. Scenarios that are about it add it.
 */
export const quietChecks: readonly string[] = [
  ...chatChecks.filter((check) => check !== "delivery-p99" && check !== "recovery-time"),
  "connection-gauge",
  "queued-bytes",
  "leftovers",
];

/** Into the steady state, so that what an examiner sees is not the arrival of the others. */
const AFTER_WARM_UP_MS = 500;

/** So many examiners, all of them once the chat is steady. */
export function examinersAfter(rampMs: number, clients: number): Load {
  return { kind: "constant", clients, atMs: chatWarmUpMs(rampMs) + AFTER_WARM_UP_MS };
}
