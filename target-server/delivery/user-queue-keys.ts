/** Offline buffer of a user, all queues together (A112). */
export function bufferKey(user: string): string {
  return `ws:buffer:${user}`;
}

/** How much went into the buffer, so that what it no longer has is noticed. */
export function missedKey(user: string, queue: string): string {
  return `ws:missed:${user}${queue}`;
}

/** What was sent and not shown to be taken, by its place in the relay's log (B63). */
export function untakenKey(user: string, queue: string): string {
  return `ws:untaken:${user}${queue}`;
}
