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
 */
export class Familiar {
  /** Of the message that was accepted last. */
  publisher = 0;
  slot = 0;
  intendedMs = 0;
  sequence: number | undefined;
  /** Which subscription of its connection; −1 while nothing is known. */
  index = -1;
  readonly #prefix: string;
  #head = "";
  #tries = 0;

  /** `prefix` is that of an identity of this run. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** From a message that was read in full, on its own subscription and of the destination that was subscribed to. */
  learn({ text, headersAt, end }: LazyFrame, index: number, destinationLine: string): void {
    if (this.#tries >= TRIES_MAX) return;
    this.#tries += 1;
    this.index = -1;
    if (headersAt !== "MESSAGE".length || end !== text.length - 1) return;
    const subscription = text.indexOf(`\nsubscription:sub-${index}\n`);
    const destination = text.indexOf(`${destinationLine}\n`);
    if (subscription < 0 || destination < 0) return;
    const headEnd = text.indexOf("\n", Math.max(subscription, destination) + 1);
    this.#head = text.slice(0, headEnd + 1);
    this.index = index;
  }

  /** True: it is a whole message of the known shape with an identity of this run, and the fields hold it. */
  accepts(text: string): boolean {
    if (this.index < 0 || !text.startsWith(this.#head)) return false;
    const from = this.#head.length - 1;
    if (text.indexOf("\0", from) !== text.length - 1) return false;
    const headersEnd = text.indexOf("\n\n", from);
    const mark = text.indexOf(this.#prefix, headersEnd);
    if (headersEnd < 0 || mark < 0) return false;
    const lengthAt = text.indexOf(LENGTH, from);
    if (lengthAt >= 0 && lengthAt < headersEnd) {
      const valueAt = lengthAt + LENGTH.length;
      // In bytes: of a body with others than ASCII it is not the number of characters, and that is the reader's affair.
      const bytes = Number(text.slice(valueAt, text.indexOf("\n", valueAt)));
      if (bytes !== text.length - 1 - (headersEnd + 2)) return false;
    }
    const at = mark + this.#prefix.length;
    const parts = text.slice(at, at + NUMBERS_CHARS).split("/", 4);
    if (parts.length < 4 || parts[0] === "" || parts[1] === "" || parts[2] === "") return false;
    const publisher = Number(parts[0]);
    const slot = Number(parts[1]);
    const intendedMs = Number(parts[2]);
    // Small whole numbers only; NaN is none.
    if ((publisher | 0) !== publisher || (slot | 0) !== slot || publisher < 0 || slot < 0) return false;
    if (!(intendedMs >= 0 && intendedMs <= INTENDED_MS_MAX)) return false;
    const seqAt = text.indexOf("\nseq:", from);
    if (seqAt < 0 || seqAt > headersEnd) {
      this.sequence = undefined;
    } else {
      const sequence = Number(text.slice(seqAt + 5, text.indexOf("\n", seqAt + 5)));
      if ((sequence | 0) !== sequence || sequence < 0) return false;
      this.sequence = sequence;
    }
    this.publisher = publisher;
    this.slot = slot;
    this.intendedMs = intendedMs;
    this.#tries = 0;
    return true;
  }
}
