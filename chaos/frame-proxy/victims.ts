import { createHash } from "node:crypto";

/**
 * The `count` first by a rank that the seed gives each name: the same seed chooses the same users, in whatever order
 * they came, and whoever else is there. Equal names follow their order.
 */
export function chooseVictims<T>(
  candidates: readonly T[],
  nameOf: (candidate: T) => string,
  draw: { readonly seed: number; readonly label: string; readonly count: number },
): readonly T[] {
  const rank = (candidate: T) =>
    createHash("sha256")
      .update([draw.seed, draw.label, nameOf(candidate)].join("\u0001"))
      .digest("hex");
  return candidates
    .map((candidate) => ({ candidate, rank: rank(candidate) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
    .slice(0, draw.count)
    .map(({ candidate }) => candidate);
}
