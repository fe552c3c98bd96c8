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
  /**
   * none: the delay itself; full: uniform in [0, delay) (I20); inside-cap: up to `jitterMs` is added and the sum cut off
   * at the cap, so that at the cap there is no jitter left (B18).
   */
  readonly jitter: "none" | "full" | "inside-cap";
  readonly jitterMs?: number;
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
  "full-jitter-short": {
    name: "full-jitter-short",
    summary: "uniform over 4 s at every attempt: full jitter, compressed for runs of a few seconds",
    baseMs: 4_000,
    capMs: 4_000,
    growth: 1,
    jitter: "full",
  },
  "jitter-inside-cap": {
    name: "jitter-inside-cap",
    summary:
      "min(exponential + jitter, cap), from 1 s with a cap of 4 s: at the cap every delay is the same (B18)",
    baseMs: 1_000,
    capMs: 4_000,
    growth: 2,
    jitter: "inside-cap",
    jitterMs: 3_000,
  },
} as const satisfies Record<string, Backoff>;

export type BackoffName = keyof typeof backoffs;

/** Delay in ms before attempt `attempt` (1 is the first retry). */
export function backoffDelayMs(backoff: Backoff, attempt: number, random: Random): number {
  const grown = backoff.baseMs * backoff.growth ** (attempt - 1);
  if (backoff.jitter === "inside-cap") {
    return Math.min(grown + random() * (backoff.jitterMs ?? 0), backoff.capMs);
  }
  const delay = Math.min(grown, backoff.capMs);
  return backoff.jitter === "full" ? random() * delay : delay;
}
