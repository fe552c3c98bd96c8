import type { Random } from "./random.ts";

/**
 * How long a client waits before its next connection attempt. Named values, so that a run says which policy it
 * measured; `fixed` and `stompjs` are known-bad on purpose (B16).
 */
export interface Backoff {
  readonly name: string;
  readonly summary: string;
  readonly baseMs: number;
  readonly capMs: number;
  readonly growth: number;
  /** none: the delay itself; full: uniform in [0, delay) (I20). */
  readonly jitter: "none" | "full";
}

export const backoffs = {
  fixed: {
    name: "fixed",
    summary: "every client retries 1 s after the drop, in lock-step (the naive retry of B16)",
    baseMs: 1_000,
    capMs: 1_000,
    growth: 1,
    jitter: "none",
  },
  stompjs: {
    name: "stompjs",
    summary: "the default of @stomp/stompjs 7.5: a fixed 5 s without jitter",
    baseMs: 5_000,
    capMs: 5_000,
    growth: 1,
    jitter: "none",
  },
  "full-jitter": {
    name: "full-jitter",
    summary:
      "exponential from 8 s to 60 s, uniform over the whole delay: a drop of n spreads to n/8 a second",
    baseMs: 8_000,
    capMs: 60_000,
    growth: 2,
    jitter: "full",
  },
} as const satisfies Record<string, Backoff>;

export type BackoffName = keyof typeof backoffs;

/** Delay in ms before attempt `attempt` (1 is the first retry). */
export function backoffDelayMs(backoff: Backoff, attempt: number, random: Random): number {
  const delay = Math.min(backoff.baseMs * backoff.growth ** (attempt - 1), backoff.capMs);
  return backoff.jitter === "full" ? random() * delay : delay;
}
