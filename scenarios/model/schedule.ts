import { random } from "./random.ts";
import type { Load } from "./scenario.ts";

/** How long after its due time a client publishes first: its neighbours' subscriptions should stand by then. */
export const SETTLE_MS = 1_500;

/** When client `index` (0 … clients−1 within its role) is due to connect, in whole ms after the run's start. */
export function dueMs(load: Load, index: number): number {
  switch (load.kind) {
    case "constant":
      return load.atMs;
    case "ramp":
      return (load.fromMs ?? 0) + Math.floor((index * load.overMs) / load.clients);
  }
}

/**
 * The slots of one publisher: slot n is due at `phaseMs + n × everyMs` for every n in [first, end). All of it
 * follows from the plan, so a repeated run sends the same identities at the same intended times.
 */
export interface Slots {
  readonly phaseMs: number;
  readonly everyMs: number;
  readonly first: number;
  readonly end: number;
}

export interface SlotsAsked {
  readonly seed: number;
  readonly client: number;
  /** Whole ms, at least 1. Throws RangeError otherwise. */
  readonly everyMs: number;
  readonly dueMs: number;
  readonly untilMs: number;
}

/** The phase is drawn from (seed, client), so that publishers of the same rate do not send in one burst. */
export function slotsOf({ seed, client, everyMs, dueMs, untilMs }: SlotsAsked): Slots {
  if (!Number.isInteger(everyMs) || everyMs < 1) {
    throw new RangeError(`a publisher needs whole milliseconds between slots, not ${everyMs}`);
  }
  const phaseMs = Math.floor(random(seed, "phase", client)() * everyMs);
  const schedule = { phaseMs, everyMs };
  const first = slotAtOrAfter(schedule, dueMs + SETTLE_MS);
  return { ...schedule, first, end: Math.max(first, slotAtOrAfter(schedule, untilMs)) };
}

/** Ms after the run's start. */
export function intendedMs(slots: Pick<Slots, "phaseMs" | "everyMs">, slot: number): number {
  return slots.phaseMs + slot * slots.everyMs;
}

/** The first slot, from 0 on, that is not due before `ms`. */
export function slotAtOrAfter(slots: Pick<Slots, "phaseMs" | "everyMs">, ms: number): number {
  return Math.max(0, Math.ceil((ms - slots.phaseMs) / slots.everyMs));
}
