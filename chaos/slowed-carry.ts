import type { Link } from "./topology.ts";
import { quickestCarryMs, streamsOf } from "./toxics.ts";

/** By how much the measured bytes must take longer; well above what a busy machine adds to the best of two. */
const ADDED_MS = 250;
const PATIENCE_MS = 3_000;

/** How a fault that makes bytes take longer is seen: the same bytes, timed before it, during it and after it. */
export interface SlowedCarry {
  /** Once per injection, before it. */
  before(link: Link, stream: string, bytesPerMs: number): Promise<void>;
  isSlow(link: Link, stream: string): Promise<boolean>;
  isQuick(link: Link, stream: string): Promise<boolean>;
}

/** `bytesPerMs` is what the fault lets pass: as many bytes are measured as then take 250 ms. */
export function slowedCarry(): SlowedCarry {
  const known = new WeakMap<Link, { readonly bytes: number; readonly baseMs: readonly number[] }>();

  async function tripsMs(
    link: Link,
    stream: string,
  ): Promise<{ readonly ms: number; readonly baseMs: number }[]> {
    const { bytes, baseMs } = known.get(link) ?? { bytes: 1, baseMs: [] };
    const trips: { ms: number; baseMs: number }[] = [];
    for (const [i, each] of streamsOf(stream).entries()) {
      const base = baseMs[i] ?? 0;
      const ms = await link.carryMs(bytes, each, base + 4 * ADDED_MS + PATIENCE_MS);
      trips.push({ ms: ms ?? Number.NaN, baseMs: base });
    }
    return trips;
  }

  return {
    async before(link, stream, bytesPerMs) {
      const bytes = Math.ceil(bytesPerMs * ADDED_MS);
      const baseMs: number[] = [];
      for (const each of streamsOf(stream)) baseMs.push(await quickestCarryMs(link, bytes, each));
      known.set(link, { bytes, baseMs });
    },
    isSlow: async (link, stream) =>
      (await tripsMs(link, stream)).every(({ ms, baseMs }) => ms >= baseMs + ADDED_MS / 2),
    isQuick: async (link, stream) =>
      (await tripsMs(link, stream)).every(({ ms, baseMs }) => ms < baseMs + ADDED_MS / 2),
  };
}
