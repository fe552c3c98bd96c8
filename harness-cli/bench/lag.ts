import { scrape } from "../scrape.ts";

const SCRAPE_DEADLINE_MS = 5_000;
const SERIES = /^event_loop_lag_seconds_bucket\{le="([^"]+)"\}$/;

/** How many samples lay at or below each edge, in seconds, up to now. */
export type Lag = ReadonlyMap<number, number>;

export async function readLag(metricsUrl: string): Promise<Lag> {
  const sample = await scrape({ name: "server", metricsUrl }, 0, SCRAPE_DEADLINE_MS);
  if (!sample.up) throw new Error(`${metricsUrl} does not answer`);
  return lagOf(sample.series);
}

export function lagOf(series: Readonly<Record<string, number>>): Lag {
  const edges = Object.entries(series).flatMap(([name, count]) => {
    const edge = SERIES.exec(name)?.[1];
    return edge === undefined ? [] : [[edge === "+Inf" ? Infinity : Number(edge), count] as const];
  });
  return new Map(edges.sort(([a], [b]) => a - b));
}

/** The edge, in seconds, below which 99 % of the samples between two readings lie. Undefined without samples. */
export function lagP99(before: Lag, after: Lag): number | undefined {
  const count = (edge: number) => (after.get(edge) ?? 0) - (before.get(edge) ?? 0);
  const all = count(Infinity);
  if (all === 0) return undefined;
  return [...after.keys()].find((edge) => count(edge) >= all * 0.99);
}
