import { type Envelope, isAfter } from "../envelope.ts";
import { RecentMap } from "../recent-map.ts";

/** Message ids remembered against a second delivery when Redis itself lost its memory. */
const RECENT_MAX = 10_000;

export type LoggedEnvelope = Envelope & { readonly logId: string };

/** What the relay brings, from the subscription and from the log: each once, in the order of the log (A93). */
export class Inbox {
  readonly #deliver: (envelope: LoggedEnvelope) => void;
  readonly #recent = new RecentMap<string, true>(RECENT_MAX);
  /** Heard while the log is still being read: delivered after it. Undefined: nothing is being read. */
  #held: LoggedEnvelope[] | undefined = [];
  /** Place in the log of the last message delivered; undefined before the first subscription. */
  lastLogId: string | undefined;

  constructor(deliver: (envelope: LoggedEnvelope) => void) {
    this.#deliver = deliver;
  }

  /** From now on what is heard waits. Returns what stands for this wait: a later one ends it. */
  hold(): object {
    this.#held = [];
    return this.#held;
  }

  isHeldBy(wait: object): boolean {
    return this.#held === wait;
  }

  /** Everything before it is delivered: what was heard meanwhile, and from now on at once. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const envelope of held) this.take(envelope);
  }

  hear(envelope: LoggedEnvelope): void {
    if (this.#held === undefined) this.take(envelope);
    else this.#held.push(envelope);
  }

  /** The log's order is the order of all instances, so a place not after the last one was delivered before. */
  take(envelope: LoggedEnvelope): void {
    if (this.lastLogId !== undefined && !isAfter(envelope.logId, this.lastLogId)) return;
    this.lastLogId = envelope.logId;
    // A direct message is one message with two addressees.
    const { msgId, userId } = envelope;
    const known = userId === null ? msgId : `${msgId} ${userId}`;
    if (this.#recent.has(known)) return;
    this.#recent.set(known, true);
    this.#deliver(envelope);
  }
}
