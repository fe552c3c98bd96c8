/**
 * A seeded generator for everything a run draws: victims, back-off, arrival phases, payload padding.
 * The same seed gives the same run, in k6 and in Node alike.
 */
export type Random = () => number;

/** FNV-1a over the parts, so that every (seed, client, purpose) has a stream of its own. Returns 32 bits. */
export function hash32(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const char of parts.join("\u0001")) {
    hash ^= char.codePointAt(0) as number;
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** mulberry32: 32 bits of state, uniform in [0, 1); far better than a run of a few thousand draws can notice. */
export function random(...seed: readonly (string | number)[]): Random {
  let state = hash32(...seed);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
