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
    const { subscription: number, publisher, slot } = delivery;
    const subscription = this.#subscriptions.get(number) ?? this.#newSubscription(number);
    const got = subscription.publishers.get(publisher) ?? newGot(subscription, publisher);
    const isNewSequence = this.#sequence(delivery, subscription);
    if (!addTo(got, slot)) {
      const { receivedMs: atMs } = delivery;
      const rendered = isNewSequence === undefined ? {} : { rendered: isNewSequence };
      this.#odd({ what: "duplicate", atMs, subscription: number, publisher, slot, ...rendered });
      return false;
    }
    if (!got.isListed) {
      got.isListed = true;
      this.#changed.push([number, publisher, got]);
    }
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
    const state = this.#subscriptions.get(subscription) ?? this.#newSubscription(subscription);
    this.#sequence({ subscription, sequence }, state);
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
      if (slot > after) got.highest = slot;
    } else if (elsewhere === undefined) {
      after = state.highestSequence;
      if (sequence > after) state.highestSequence = sequence;
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
    if (sequences.runs.length >= 2 * HOLES_MAX) return undefined;
    if (!addTo(sequences, sequence)) return false;
    if (!sequences.isListed) {
      sequences.isListed = true;
      this.#sequenced.push([subscription, sequences]);
    }
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

  #newSubscription(number: number): Subscription {
    const subscription = { highestSequence: -1, sequences: newSeries(), publishers: new Map() };
    this.#subscriptions.set(number, subscription);
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
export type Sequenced = readonly [subscription: number, sequences: Series];

/** Writes out what is new, once. */
export function receivedIn(changed: readonly Changed[]): ReceivedTuple[] {
  const received: ReceivedTuple[] = [];
  for (const [subscription, publisher, got] of changed) {
    const fresh = takeFresh(got);
    for (let i = 0; i < fresh.length; i += 2) {
      received.push([subscription, publisher, fresh[i] as number, fresh[i + 1] as number]);
    }
  }
  return received;
}

/** The same for the rooms' sequences. */
export function sequencesIn(sequenced: readonly Sequenced[]): SequenceTuple[] {
  const tuples: SequenceTuple[] = [];
  for (const [subscription, sequences] of sequenced) {
    const fresh = takeFresh(sequences);
    for (let i = 0; i < fresh.length; i += 2) {
      tuples.push([subscription, fresh[i] as number, fresh[i + 1] as number]);
    }
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
  /** Numbers of the room's own sequence that came, copies and foreign messages included. */
  readonly sequences: Series;
  /** Highest sequence of each other room whose messages strayed in; hardly ever there. */
  strays?: Map<string, number>;
  readonly publishers: Map<number, Got>;
}

interface Got extends Series {
  /** Highest slot, where the server has no sequence; −1 before the first. */
  highest: number;
}

function newGot({ publishers }: Subscription, publisher: number): Got {
  const got = { ...newSeries(), highest: -1 };
  publishers.set(publisher, got);
  return got;
}

/** Numbers that came, as runs `[from, to, from, to, …]`, ascending, no two touching. */
interface Series {
  readonly runs: number[];
  /** Those since the last `takeFresh`, in the same form. */
  fresh: number[];
  /**
   * The run that is still growing, above all others and not among them yet: nearly every number is its next, and then
   * one addition is all there is to do. None where `to` is before `from`.
   */
  from: number;
  to: number;
  /** It is on a list of those with something fresh. */
  isListed: boolean;
}

function newSeries(): Series {
  return { runs: [], fresh: [], from: 0, to: -1, isListed: false };
}

/** False when the number was in already. */
function addTo(series: Series, number: number): boolean {
  const next = series.to + 1;
  if (number === next) {
    series.to = number;
    return true;
  }
  if (number > next) {
    settle(series);
    series.from = number;
    series.to = number;
    return true;
  }
  if (number >= series.from || !add(series.runs, number)) return false;
  add(series.fresh, number);
  return true;
}

/** Puts the growing run among the others; what comes next begins a new one, which may touch it. */
function settle(series: Series): void {
  const { from, to } = series;
  if (to < from) return;
  append(series.runs, from, to);
  append(series.fresh, from, to);
  series.from = to + 1;
}

function takeFresh(series: Series): readonly number[] {
  settle(series);
  const { fresh } = series;
  series.fresh = [];
  series.isListed = false;
  return fresh;
}

function append(runs: number[], from: number, to: number): void {
  const last = runs.length - 1;
  if (last >= 0 && runs[last] === from - 1) runs[last] = to;
  else runs.push(from, to);
}

/** Adds a number anywhere. False when it was in already. */
export function add(runs: number[], number: number): boolean {
  const last = runs.length - 1;
  if (last < 0 || number > (runs[last] as number)) {
    append(runs, number, number);
    return true;
  }
  const index = runContainingOrAfter(runs, number);
  if ((runs[index] as number) <= number) return false;
  const touchesBefore = index > 0 && runs[index - 1] === number - 1;
  const touchesAfter = runs[index] === number + 1;
  if (touchesBefore && touchesAfter) runs.splice(index - 1, 2);
  else if (touchesBefore) runs[index - 1] = number;
  else if (touchesAfter) runs[index] = number;
  else runs.splice(index, 0, number, number);
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
