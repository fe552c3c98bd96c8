/** Below every eviction depth. */
const MESSAGES_MAX = 64;
/** Below every EVICT_BYTES, half of the smallest preset's; a single message may be more. */
const BYTES_MAX = 65_536;

/**
 * The next of what is sent again, as much as may wait in a queue at once; the rest after the socket has taken it. Else
 * a client would be thrown out for what the server itself piled up, each time it comes back (A66).
 */
export function nextBatch<T extends { readonly payload: string }>(waiting: readonly T[]): readonly T[] {
  let bytes = 0;
  for (const [n, { payload }] of waiting.entries()) {
    bytes += Buffer.byteLength(payload);
    if (n === MESSAGES_MAX || (n > 0 && bytes > BYTES_MAX)) return waiting.slice(0, n);
  }
  return waiting;
}
