export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** By how much the value grows in a minute: the least-squares line through the points. 0 for fewer than two moments. */
export function slopePerMinute(points: readonly Point[]): number {
  const mean = (pick: (point: Point) => number) =>
    points.reduce((sum, p) => sum + pick(p), 0) / points.length;
  const [meanMs, meanValue] = [mean((p) => p.atMs), mean((p) => p.value)];
  const spread = points.reduce((sum, p) => sum + (p.atMs - meanMs) ** 2, 0);
  if (!(spread > 0)) return 0;
  const together = points.reduce((sum, p) => sum + (p.atMs - meanMs) * (p.value - meanValue), 0);
  return (together / spread) * 60_000;
}
