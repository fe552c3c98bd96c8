import type { Entering } from "./entering.ts";
import type { LoggedEnvelope, Untaken, UntakenNow } from "./untaken.ts";

export interface TakenWatchOptions {
  readonly untaken: Untaken;
  readonly entering: Pick<Entering, "onceTaken" | "isOpen">;
  readonly user: string;
  readonly queue: string;
  failed(error: unknown): void;
}

export interface Missed {
  /** To be sent: no session has taken them, and none will. */
  readonly lost: readonly LoggedEnvelope[];
  /** By message id, of what the journal will bring: under which place it is kept. */
  readonly places: ReadonlyMap<string, string>;
}

/** A timer may be a little early, and is asked once only. */
const LATE_MS = 50;

export const nothingMissed: Missed = { lost: [], places: new Map() };

/** Of one subscription: what its client was sent, and has not shown to have taken (B63). */
export class TakenWatch {
  readonly #options: TakenWatchOptions;
  /** Places in the relay's log. */
  readonly #sent = new Set<string>();
  #asking = false;
  #lookAgain: NodeJS.Timeout | undefined;

  constructor(options: TakenWatchOptions) {
    this.#options = options;
  }

  /** Just now: until the client has shown that it took it, it is not done with. */
  sent(logId: string): void {
    this.#sent.add(logId);
    this.#ask();
  }

  /**
   * What is kept when the subscription comes, and was not sent to itself. Who says that it saw `after` gets from the
   * journal what comes after that; what comes before it need not have been sent before it, and is not done with. What
   * other sessions may still take is looked at again when their time is over, and then goes to `later`.
   */
  async missed(after: number | undefined, later: (envelope: LoggedEnvelope) => void): Promise<Missed> {
    const { untaken, user, queue, failed } = this.#options;
    clearTimeout(this.#lookAgain);
    let kept: UntakenNow;
    try {
      kept = await untaken.read(user, queue);
    } catch (error) {
      // It stays where it is, for the next one.
      failed(error);
      return nothingMissed;
    }
    const { lost, open, openForMs } = kept;
    const isMine = (one: LoggedEnvelope) =>
      !this.#sent.has(one.logId) && (after === undefined || one.seq === 0 || one.seq < after);
    const places = new Map<string, string>();
    for (const { seq, msgId, logId } of after === undefined ? [] : [...lost, ...open]) {
      if (seq > after!) places.set(msgId, logId);
      else if (seq > 0 && seq === after) untaken.taken(user, queue, [logId]).catch(failed);
    }
    const waiting = new Set(open.filter(isMine).map(({ logId }) => logId));
    if (waiting.size > 0) {
      const look = async () => {
        for (const one of (await untaken.read(user, queue)).lost) {
          if (waiting.has(one.logId) && !this.#sent.has(one.logId)) later(one);
        }
      };
      this.#lookAgain = setTimeout(() => void look().catch(failed), openForMs + LATE_MS).unref();
    }
    return { lost: lost.filter(isMine), places };
  }

  /** The session is over. Returns how many of its messages went to the offline buffer. */
  async end(onlineKey: string): Promise<number> {
    const { untaken, user, queue } = this.#options;
    clearTimeout(this.#lookAgain);
    return this.#sent.size === 0 ? 0 : untaken.giveUp(user, queue, onlineKey, [...this.#sent]);
  }

  #ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    const { untaken, entering, user, queue } = this.#options;
    const asked = [...this.#sent];
    entering.onceTaken(async () => {
      try {
        await untaken.taken(user, queue, asked);
        for (const logId of asked) this.#sent.delete(logId);
      } catch {
        // Redis is away: it is told with the next answer.
      }
      this.#asking = false;
      if (this.#sent.size > 0 && entering.isOpen()) this.#ask();
    });
  }
}
