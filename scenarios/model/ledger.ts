import type { CountName } from "./metrics.ts";
import { roundMs } from "./round-ms.ts";
import type { Oddity, ReceivedTuple, SequenceTuple } from "./telemetry.ts";

/** Oddities of each kind listed in one flush; what is over it is only counted. */
export const ODDITIES_PER_FLUSH = 200;
/** A subscription whose room sequence has more holes is not followed any further: it is no sequence of its own. */
export const HOLES_MAX = 256;

/** One delivery, as the hot path found it in the text of a MESSAGE. */
export interface Delivery {
  readonly subscription: number;
  readonly publisher: number;
  readonly slot: number;
  /** The room's own sequence (header `seq`); undefined where the server has none. */
  readonly sequence: number | undefined;
  /** The room that the MESSAGE names, where that is another than was subscribed to: its sequence is another one too. */
  readonly elsewhere?: string | undefined;
  readonly receivedMs: number;
}

/**
 * The receive side of the run in a small form: which slots of which publisher each subscription got, and which numbers
 * of its room's sequence, as runs. A slot that nobody published is a hole between two runs and nothing odd; whether
 * it is missing is for the judge to say, who knows what was sent. Memory is two numbers for each run, however many
 * messages came.
 */
export class Ledger {
  readonly #subscriptions = new Map<number, Subscription>();
  #changed: Changed[] = [];
  #sequenced: Sequenced[] = [];
  #oddities: Oddity[] = [];
  /** Since the last `take`. */
  #listed = noneListed();
  #dropped = noneListed();
  #ordered = 0;

  /** False for a duplicate. */
  receive(delivery: Delivery): boolean {
    const subscription = this.#subscription(delivery.subscription);
    let got = subscription.publishers.get(delivery.publisher);
    if (!got) {
      got = { runs: [], fresh: [], highest: -1 };
      subscription.publishers.set(delivery.publisher, got);
    }
    const isNewSequence = this.#sequence(delivery, subscription);
    const { slot } = delivery;
    if (!add(got.runs, slot)) {
      const { subscription, publisher, receivedMs } = delivery;
      const rendered = isNewSequence === undefined ? {} : { rendered: isNewSequence };
      this.#odd({ what: "duplicate", atMs: receivedMs, subscription, publisher, slot, ...rendered });
      return false;
    }
    if (got.fresh.length === 0) this.#changed.push([delivery.subscription, delivery.publisher, got]);
    add(got.fresh, slot);
    this.#compare(delivery, subscription, got);
    return true;
  }

  /**
   * A message on this subscription that carries no identity of this run. Its number in the room's sequence counts, so
   * that it leaves no gap.
   */
  foreign(atMs: number, subscription: number, text: string, sequence?: number): void {
    this.#odd({ what: "foreign", atMs, subscription, text });
    if (sequence === undefined || subscription < 0) return;
    this.#sequence({ subscription, sequence }, this.#subscription(subscription));
  }

  /** The subscription is over: nothing of it has to be remembered. What was not taken yet still is. */
  end(subscription: number): void {
    this.#subscriptions.delete(subscription);
  }

  /** What came since the last call. `ordered` counts deliveries that were compared with the one before. */
  take(): Taken {
    const { duplicate, inversion, foreign } = this.#dropped;
    const counts: Partial<Record<CountName, number>> = {};
    if (this.#ordered > 0) counts.ordered = this.#ordered;
    if (duplicate + inversion + foreign > 0) counts.odditiesDropped = duplicate + inversion + foreign;
    if (duplicate > 0) counts.duplicatesDropped = duplicate;
    if (inversion > 0) counts.inversionsDropped = inversion;
    if (foreign > 0) counts.foreignDropped = foreign;
    const taken = { changed: this.#changed, sequenced: this.#sequenced, oddities: this.#oddities, counts };
    this.#changed = [];
    this.#sequenced = [];
    this.#oddities = [];
    this.#listed = noneListed();
    this.#dropped = noneListed();
    this.#ordered = 0;
    return taken;
  }

  /** Order within the room by the server's sequence; without one, by each publisher's slots. */
  #compare(delivery: Delivery, state: Subscription, got: Got): void {
    const { sequence, elsewhere, slot } = delivery;
    let after: number;
    if (sequence === undefined) {
      after = got.highest;
      got.highest = Math.max(after, slot);
    } else if (elsewhere === undefined) {
      after = state.highestSequence;
      state.highestSequence = Math.max(after, sequence);
    } else {
      // One that strayed in has its place in its own room, and no say in this one's order.
      state.strays ??= new Map();
      after = state.strays.get(elsewhere) ?? -1;
      if (state.strays.has(elsewhere) || state.strays.size < ROOMS_OF_STRAYS_MAX)
        state.strays.set(elsewhere, Math.max(after, sequence));
    }
    const position = sequence ?? slot;
    if (after < 0) return;
    this.#ordered += 1;
    // Two messages with one sequence have no order either: strictly increasing or odd.
    if (position > after) return;
    const { subscription, publisher, receivedMs: atMs } = delivery;
    this.#odd({ what: "inversion", atMs, subscription, publisher, slot, sequence: position, after });
  }

  /** Notes the number in the room's own sequence. True when it is new; undefined where that cannot be known. */
  #sequence(
    { subscription, sequence, elsewhere }: Pick<Delivery, "subscription" | "sequence" | "elsewhere">,
    state: Subscription,
  ): boolean | undefined {
    if (sequence === undefined || elsewhere !== undefined) return undefined;
    const { sequences } = state;
    if (sequences.length > 2 * HOLES_MAX) return undefined;
    if (!add(sequences, sequence)) return false;
    const { freshSequences } = state;
    if (freshSequences.length === 0) this.#sequenced.push([subscription, state]);
    add(freshSequences, sequence);
    return true;
  }

  #odd(oddity: Oddity): void {
    const { what } = oddity;
    if (this.#listed[what] < ODDITIES_PER_FLUSH) {
      this.#listed[what] += 1;
      this.#oddities.push({ ...oddity, atMs: roundMs(oddity.atMs) });
    } else {
      this.#dropped[what] += 1;
    }
  }

  #subscription(number: number): Subscription {
    let subscription = this.#subscriptions.get(number);
    if (!subscription) {
      subscription = { highestSequence: -1, sequences: [], freshSequences: [], publishers: new Map() };
      this.#subscriptions.set(number, subscription);
    }
    return subscription;
  }
}

export interface Taken {
  /** For `receivedIn`. What still arrives for one of these before it is written out is written out with it. */
  readonly changed: readonly Changed[];
  /** For `sequencesIn`, in the same way. */
  readonly sequenced: readonly Sequenced[];
  readonly oddities: readonly Oddity[];
  /** Those of this flush that are not 0: `ordered` and what was dropped. */
  readonly counts: Partial<Record<CountName, number>>;
}

/** A subscription and a publisher between which something new came. */
export type Changed = readonly [subscription: number, publisher: number, got: Got];
/** A subscription on which new numbers of its room's sequence came. */
export type Sequenced = readonly [subscription: number, state: Subscription];

/** Writes out what is new, once. */
export function receivedIn(changed: readonly Changed[]): ReceivedTuple[] {
  const received: ReceivedTuple[] = [];
  for (const [subscription, publisher, got] of changed) {
    const { fresh } = got;
    for (let i = 0; i < fresh.length; i += 2) {
      received.push([subscription, publisher, fresh[i] as number, fresh[i + 1] as number]);
    }
    got.fresh = [];
  }
  return received;
}

/** The same for the rooms' sequences. */
export function sequencesIn(sequenced: readonly Sequenced[]): SequenceTuple[] {
  const tuples: SequenceTuple[] = [];
  for (const [subscription, state] of sequenced) {
    const { freshSequences: fresh } = state;
    for (let i = 0; i < fresh.length; i += 2) {
      tuples.push([subscription, fresh[i] as number, fresh[i + 1] as number]);
    }
    state.freshSequences = [];
  }
  return tuples;
}

/** Rooms whose strays are put in order among themselves; those of more are not compared. */
const ROOMS_OF_STRAYS_MAX = 64;

function noneListed(): Record<Oddity["what"], number> {
  return { duplicate: 0, inversion: 0, foreign: 0 };
}

interface Subscription {
  highestSequence: number;
  /** Numbers of the room's own sequence that came, copies and foreign messages included, as runs. */
  readonly sequences: number[];
  /** The same since the last `take`. */
  freshSequences: number[];
  /** Highest sequence of each other room whose messages strayed in; hardly ever there. */
  strays?: Map<string, number>;
  readonly publishers: Map<number, Got>;
}

interface Got {
  /** `[from, to, from, to, …]`, ascending, no two runs touching. */
  readonly runs: number[];
  /** The same since the last `take`. */
  fresh: number[];
  /** Highest slot, where the server has no sequence; −1 before the first. */
  highest: number;
}

/** Adds a slot to runs `[from, to, …]`. False when it was in already. */
export function add(runs: number[], slot: number): boolean {
  const last = runs.length - 1;
  // Nearly always the next slot, or one after a hole.
  if (slot === (runs[last] as number) + 1) {
    runs[last] = slot;
    return true;
  }
  if (last < 0 || slot > (runs[last] as number)) {
    runs.push(slot, slot);
    return true;
  }
  const index = runContainingOrAfter(runs, slot);
  if ((runs[index] as number) <= slot) return false;
  const touchesBefore = index > 0 && runs[index - 1] === slot - 1;
  const touchesAfter = runs[index] === slot + 1;
  if (touchesBefore && touchesAfter) runs.splice(index - 1, 2);
  else if (touchesBefore) runs[index - 1] = slot;
  else if (touchesAfter) runs[index] = slot;
  else runs.splice(index, 0, slot, slot);
  return true;
}

/** Index (even) of the first run that does not end before `slot`; there is one. */
function runContainingOrAfter(runs: readonly number[], slot: number): number {
  let low = 0;
  let high = runs.length / 2 - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((runs[2 * middle + 1] as number) < slot) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}
