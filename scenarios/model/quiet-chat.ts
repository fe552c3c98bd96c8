import { chatParams, chatWarmUpMs } from "./chat.ts";
import type { Load } from "./scenario.ts";

/** The load beside an exam: as much as the ledger's invariants need, and as little as leaves the machine to the exam. */
export const quietChat = { ...chatParams, clients: 30, rampMs: 2_000, holdMs: 16_000 };

/** Into the steady state, so that what an examiner sees is not the arrival of the others. */
const AFTER_WARM_UP_MS = 500;

/** So many examiners, all of them once the chat is steady. */
export function examinersAfter(rampMs: number, clients: number): Load {
  return { kind: "constant", clients, atMs: chatWarmUpMs(rampMs) + AFTER_WARM_UP_MS };
}
