import { roundMs } from "./round-ms.ts";
import type { Oddity, ReceivedTuple } from "./telemetry.ts";

/** Oddities listed in one flush; what is over it is only counted. */
export const ODDITIES_PER_FLUSH = 200;

/** One delivery, as the hot path found it in the text of a MESSAGE. */
export interface Delivery {
  readonly subscription: number;
  readonly publisher: number;
  readonly slot: number;
  /** The room's own sequence (header `seq`); undefined where the server has none. */
  readonly sequence: number | undefined;
  readonly receivedMs: number;
}

/**
 * The receive side of the run in a small form: which slots of which publisher each subscription got, as runs of
 * slots. A slot that nobody published is a hole between two runs and nothing odd; whether it is missing is for the
 * judge to say, who knows what was sent. Memory is two numbers for each run, however many messages came.
 */
export class Ledger {
  readonly #subscriptions = new Map<number, Subscription>();
  #changed: Changed[] = [];
  #oddities: Oddity[] = [];
  /** Since the last `take`. */
  #dropped = 0;
  #ordered = 0;

  /** False for a duplicate. */
  receive(delivery: Delivery): boolean {
    const subscription = this.#subscription(delivery.subscription);
    let got = subscription.publishers.get(delivery.publisher);
    if (!got) {
      got = { runs: [], fresh: [], highest: -1 };
      subscription.publishers.set(delivery.publisher, got);
    }
    if (!add(got.runs, delivery.slot)) {
      const { subscription, publisher, slot, receivedMs } = delivery;
      this.#odd({ what: "duplicate", atMs: receivedMs, subscription, publisher, slot });
      return false;
    }
    if (got.fresh.length === 0) this.#changed.push([delivery.subscription, delivery.publisher, got]);
    add(got.fresh, delivery.slot);
    this.#compare(delivery, subscription, got);
    return true;
  }

  /** A message on this subscription that carries no identity of this run. */
  foreign(atMs: number, subscription: number, text: string): void {
    this.#odd({ what: "foreign", atMs, subscription, text });
  }

  /** The subscription is over: nothing of it has to be remembered. What was not taken yet still is. */
  end(subscription: number): void {
    this.#subscriptions.delete(subscription);
  }

  /** What came since the last call. `ordered` counts deliveries that were compared with the one before. */
  take(): Taken {
    const taken = {
      changed: this.#changed,
      oddities: this.#oddities,
      odditiesDropped: this.#dropped,
      ordered: this.#ordered,
    };
    this.#changed = [];
    this.#oddities = [];
    this.#dropped = 0;
    this.#ordered = 0;
    return taken;
  }

  /** Order within the room by the server's sequence; without one, by each publisher's slots. */
  #compare(delivery: Delivery, state: Subscription, got: Got): void {
    const { sequence } = delivery;
    const position = sequence ?? delivery.slot;
    const after = sequence === undefined ? got.highest : state.highestSequence;
    if (sequence === undefined) got.highest = Math.max(after, position);
    else state.highestSequence = Math.max(after, position);
    if (after < 0) return;
    this.#ordered += 1;
    // Two messages with one sequence have no order either: strictly increasing or odd.
    if (position > after) return;
    const { subscription, publisher, slot, receivedMs } = delivery;
    const atMs = receivedMs;
    this.#odd({ what: "inversion", atMs, subscription, publisher, slot, sequence: position, after });
  }

  #odd(oddity: Oddity): void {
    const listed = this.#oddities.length < ODDITIES_PER_FLUSH;
    if (listed) this.#oddities.push({ ...oddity, atMs: roundMs(oddity.atMs) });
    else this.#dropped += 1;
  }

  #subscription(number: number): Subscription {
    let subscription = this.#subscriptions.get(number);
    if (!subscription) {
      subscription = { highestSequence: -1, publishers: new Map() };
      this.#subscriptions.set(number, subscription);
    }
    return subscription;
  }
}

export interface Taken {
  /** For `receivedIn`. What still arrives for one of these before it is written out is written out with it. */
  readonly changed: readonly Changed[];
  readonly oddities: readonly Oddity[];
  readonly odditiesDropped: number;
  readonly ordered: number;
}

/** A subscription and a publisher between which something new came. */
export type Changed = readonly [subscription: number, publisher: number, got: Got];

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

interface Subscription {
  highestSequence: number;
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
  if (last < 0 || slot > (runs[last] as number) + 1) {
    runs.push(slot, slot);
    return true;
  }
  if (slot === (runs[last] as number) + 1) {
    runs[last] = slot;
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
