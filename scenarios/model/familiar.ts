import type { Arrival } from "./journal.ts";
import type { LazyFrame } from "./lazy-frame.ts";

/** A server whose messages differ from the first line on is not learned for ever. */
const TRIES_MAX = 8;
/** Longer than three numbers of a run with their slashes. */
const NUMBERS_CHARS = 48;
/** 30 years, as in `identity.ts`. */
const INTENDED_MS_MAX = 1e12;
const LENGTH = "\ncontent-length:";

/**
 * The shape of the messages of one subscription. A server writes their heads alike, letter for letter, up to the first
 * line that differs: where that part is known again, one comparison says that it is a MESSAGE, on which subscription and
 * of which destination, and only three places are left to look at. In k6 that is a third of what a reader costs that
 * takes nothing for granted (`lazy-frame.ts`), which stays the judge of everything else: what is not exactly as before
 * is refused here. It must agree with it on all that it accepts (test).
 *
 * It is itself the arrival of the message that it accepted last, used again for the next: in k6 an object of ten fields
 * costs as much as all that is done with it.
 */
export class Familiar implements Arrival {
  publisher = 0;
  slot = 0;
  intendedMs = 0;
  sequence: number | undefined;
  receivedMs = 0;
  subscription = -1;
  destination = "";
  readonly role: string;
  slow = false;
  place: Arrival["place"];
  readonly elsewhere = undefined;
  readonly #prefix: string;
  /** Empty while nothing is known. */
  #head = "";
  /** The header line of the content's length as it was last, and what it says. */
  #lengthLine = "";
  #length = 0;
  #tries = 0;

  /** `prefix` is that of an identity of this run. */
  constructor(prefix: string, role: string) {
    this.#prefix = prefix;
    this.role = role;
  }

  /** From a message that was read in full, on its own subscription and of the destination that was subscribed to. */
  learn({ text, headersAt, end }: LazyFrame, index: number, subscription: number, destination: string): void {
    if (this.#tries >= TRIES_MAX) return;
    this.#tries += 1;
    this.#head = "";
    if (headersAt !== "MESSAGE".length || end !== text.length - 1) return;
    const subscriptionAt = text.indexOf(`\nsubscription:sub-${index}\n`);
    const destinationAt = text.indexOf(`\ndestination:${destination}\n`);
    if (subscriptionAt < 0 || destinationAt < 0) return;
    const headEnd = text.indexOf("\n", Math.max(subscriptionAt, destinationAt) + 1);
    this.#head = text.slice(0, headEnd + 1);
    this.subscription = subscription;
    this.destination = destination;
    this.place = undefined;
  }

  /** From now on it reads slower than it could: its latencies are counted apart. */
  slowDown(): void {
    this.slow = true;
    this.place = undefined;
  }

  /** True: it is a whole message of the known shape with an identity of this run, and the fields hold it. */
  accepts(text: string): boolean {
    const head = this.#head;
    if (head === "" || !text.startsWith(head)) return false;
    const from = head.length - 1;
    if (text.indexOf("\0", from) !== text.length - 1) return false;
    const headersEnd = text.indexOf("\n\n", from);
    const prefix = this.#prefix;
    const mark = text.indexOf(prefix, headersEnd);
    if (headersEnd < 0 || mark < 0 || !this.#isWhole(text, from, headersEnd)) return false;
    const at = mark + prefix.length;
    const parts = text.slice(at, at + NUMBERS_CHARS).split("/", 4);
    if (parts.length < 4 || parts[0] === "" || parts[1] === "" || parts[2] === "") return false;
    // Not `Number()`: a call of it costs as much as finding the text.
    const publisher = +(parts[0] as string);
    const slot = +(parts[1] as string);
    const intendedMs = +(parts[2] as string);
    // Small whole numbers only; NaN is none.
    if ((publisher | 0) !== publisher || (slot | 0) !== slot || publisher < 0 || slot < 0) return false;
    if (!(intendedMs >= 0 && intendedMs <= INTENDED_MS_MAX)) return false;
    const seqAt = text.indexOf("\nseq:", from);
    if (seqAt < 0 || seqAt > headersEnd) {
      this.sequence = undefined;
    } else {
      const sequence = +text.slice(seqAt + 5, text.indexOf("\n", seqAt + 5));
      if ((sequence | 0) !== sequence || sequence < 0) return false;
      this.sequence = sequence;
    }
    this.publisher = publisher;
    this.slot = slot;
    this.intendedMs = intendedMs;
    this.#tries = 0;
    return true;
  }

  /** Its length is what its header says, if one does. */
  #isWhole(text: string, from: number, headersEnd: number): boolean {
    const bodyLength = text.length - 1 - (headersEnd + 2);
    if (bodyLength === this.#length) {
      const at = text.indexOf(this.#lengthLine, from);
      if (at >= 0 && at < headersEnd) return true;
    }
    const lengthAt = text.indexOf(LENGTH, from);
    if (lengthAt < 0 || lengthAt > headersEnd) return true;
    const lineEnd = text.indexOf("\n", lengthAt + 1);
    // In bytes: of a body with others than ASCII it is not the number of characters, and that is the reader's affair.
    if (Number(text.slice(lengthAt + LENGTH.length, lineEnd)) !== bodyLength) return false;
    this.#lengthLine = text.slice(lengthAt, lineEnd + 1);
    this.#length = bodyLength;
    return true;
  }
}
