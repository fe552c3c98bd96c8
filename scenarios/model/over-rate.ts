/** What a server took: at some time between these two, ms. */
export interface Accepted {
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

export interface OverRate {
  /** Accepted between `fromMs` and `toMs`. */
  readonly count: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** As many as a sliding window of the rate lets through in that time. */
  readonly allowed: number;
}

/**
 * The stretch of time in which most was accepted beyond `limit` in any `windowMs`; undefined where nothing proves
 * that more was. When exactly a server took a message nobody outside knows, only that it was after its SEND and before
 * its RECEIPT, so only what lies wholly within a stretch counts for it: what a slow machine stretches can hide an
 * excess, and never make one. A stretch may touch one window more than it has whole ones (I31).
 */
export function overRate(
  accepted: readonly Accepted[],
  limit: number,
  windowMs: number,
): OverRate | undefined {
  const byEnd = [...accepted].sort((a, b) => a.answeredAtMs - b.answeredAtMs);
  let worst: OverRate | undefined;
  for (const fromMs of new Set(accepted.map(({ sentAtMs }) => sentAtMs))) {
    let count = 0;
    for (const { sentAtMs, answeredAtMs: toMs } of byEnd) {
      if (sentAtMs < fromMs) continue;
      count += 1;
      const allowed = limit * (Math.floor((toMs - fromMs) / windowMs) + 1);
      if (count - allowed > (worst ? worst.count - worst.allowed : 0))
        worst = { count, fromMs, toMs, allowed };
    }
  }
  return worst;
}

/** `19 in 210 ms, 10 allowed`. */
export function showOverRate({ count, fromMs, toMs, allowed }: OverRate): string {
  return `${count} in ${Math.round(toMs - fromMs)} ms, where ${allowed} are allowed`;
}
