interface Waiting {
  readonly ping: number;
  readonly next: () => void;
}

/**
 * What the peer has certainly taken. Bytes arrive in the order they were sent, so the answer to a ping vouches for
 * everything that was in the socket before that ping; that a socket took it vouches for nothing (B63).
 *
 * Pings and their answers are counted. A peer may answer several pings at once (RFC 6455, 5.5.3): then proof comes
 * with a later one.
 */
export class ProofOfReceipt {
  #pings = 0;
  #pongs = 0;
  #waiting: Waiting[] = [];

  /** Calls back with the answer to the next ping. What it is to vouch for must be in the socket already. */
  wait(next: () => void): void {
    this.#waiting.push({ ping: this.#pings + 1, next });
  }

  /** Somebody waits for a ping that was not sent yet. */
  get wanted(): boolean {
    return (this.#waiting.at(-1)?.ping ?? 0) > this.#pings;
  }

  pinged(): void {
    this.#pings += 1;
  }

  ponged(): void {
    // One that answers nothing proves nothing (RFC 6455 allows it).
    this.#pongs = Math.min(this.#pongs + 1, this.#pings);
    const proven = this.#waiting.filter(({ ping }) => ping <= this.#pongs);
    if (proven.length === 0) return;
    this.#waiting = this.#waiting.slice(proven.length);
    for (const { next } of proven) next();
  }

  clear(): void {
    this.#waiting = [];
  }
}
