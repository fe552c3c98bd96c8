import fc from "fast-check";
import { expect, test } from "vitest";
import {
  add,
  type Delivery,
  HOLES_MAX,
  Ledger,
  ODDITIES_PER_FLUSH,
  receivedIn,
  sequencesIn,
} from "./ledger.ts";
import type { Oddity, ReceivedTuple } from "./telemetry.ts";

/** Every message kept, every question answered by looking at all of them. */
class Oracle {
  readonly #all: Delivery[] = [];
  #fresh: Delivery[] = [];
  readonly #numbers = new Set<string>();
  oddities: Oddity[] = [];
  ordered = 0;

  receive(delivery: Delivery): boolean {
    const { subscription, publisher, slot, sequence, elsewhere, receivedMs: atMs } = delivery;
    const same = this.#all.filter((one) => one.subscription === subscription);
    const isNumbered = sequence !== undefined && elsewhere === undefined;
    const isNewNumber = !this.#numbers.has(`${subscription}/${sequence}`);
    if (isNumbered) this.#numbers.add(`${subscription}/${sequence}`);
    if (same.some((one) => one.publisher === publisher && one.slot === slot)) {
      const rendered = isNumbered ? { rendered: isNewNumber } : {};
      this.oddities.push({ what: "duplicate", atMs, subscription, publisher, slot, ...rendered });
      return false;
    }
    const earlier =
      sequence === undefined
        ? same
            .filter((one) => one.publisher === publisher && one.sequence === undefined)
            .map((one) => one.slot)
        : same
            .filter((one) => one.elsewhere === elsewhere)
            .flatMap((one) => (one.sequence === undefined ? [] : [one.sequence]));
    if (earlier.length > 0) {
      this.ordered += 1;
      const after = Math.max(...earlier);
      const position = sequence ?? slot;
      if (position <= after) {
        this.oddities.push({
          what: "inversion",
          atMs,
          subscription,
          publisher,
          slot,
          sequence: position,
          after,
        });
      }
    }
    this.#all.push(delivery);
    this.#fresh.push(delivery);
    return true;
  }

  /** `<subscription>/<sequence>` of all that came, whatever came of it. */
  numbers(): string[] {
    return [...this.#numbers].sort();
  }

  take(): Set<string> {
    const keys = new Set(this.#fresh.map((one) => `${one.subscription}/${one.publisher}/${one.slot}`));
    this.#fresh = [];
    return keys;
  }
}

function expand(tuples: readonly ReceivedTuple[]): string[] {
  return tuples.flatMap(([subscription, publisher, from, to]) =>
    Array.from({ length: to - from + 1 }, (_, i) => `${subscription}/${publisher}/${from + i}`),
  );
}

const delivery = fc.record({
  subscription: fc.integer({ min: 0, max: 2 }),
  publisher: fc.integer({ min: 0, max: 2 }),
  slot: fc.integer({ min: 0, max: 12 }),
  sequence: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
  elsewhere: fc.constantFrom(undefined, undefined, undefined, "/topic/b", "/topic/c"),
  receivedMs: fc.integer({ min: 0, max: 99 }),
  flushAfter: fc.boolean(),
});

test("rule 3: the ledger says what an oracle that keeps every message says, at any flush", () => {
  fc.assert(
    fc.property(fc.array(delivery, { maxLength: 120 }), (deliveries) => {
      const ledger = new Ledger();
      const oracle = new Oracle();
      const oddities: Oddity[] = [];
      const numbers: string[] = [];
      let ordered = 0;
      const flush = () => {
        const taken = ledger.take();
        const keys = expand(receivedIn(taken.changed));
        expect(new Set(keys)).toEqual(oracle.take());
        // A flush lists nothing twice: what it sends is a delta.
        expect(keys.length).toBe(new Set(keys).size);
        expect(taken.counts.odditiesDropped).toBeUndefined();
        oddities.push(...taken.oddities);
        ordered += taken.counts.ordered ?? 0;
        for (const [subscription, from, to] of sequencesIn(taken.sequenced))
          for (let number = from; number <= to; number++) numbers.push(`${subscription}/${number}`);
      };
      for (const { flushAfter, ...one } of deliveries) {
        expect(ledger.receive(one)).toBe(oracle.receive(one));
        if (flushAfter) flush();
      }
      flush();
      expect(oddities).toEqual(oracle.oddities);
      expect(ordered).toBe(oracle.ordered);
      expect(numbers.sort()).toEqual(oracle.numbers());
    }),
    { numRuns: 400 },
  );
});

test("runs of slots stay ascending and never touch, in any order of arrival", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 30 })), (slots) => {
      const runs: number[] = [];
      const seen = new Set<number>();
      for (const slot of slots) {
        expect(add(runs, slot)).toBe(!seen.has(slot));
        seen.add(slot);
      }
      for (let i = 2; i < runs.length; i += 2) expect(runs[i]!).toBeGreaterThan(runs[i - 1]! + 1);
      const listed = expand(runs.flatMap((from, i) => (i % 2 ? [] : [[0, 0, from, runs[i + 1]!] as const])));
      expect(listed).toEqual([...seen].sort((a, b) => a - b).map((slot) => `0/0/${slot}`));
    }),
  );
});

function room(sequences: readonly number[]): Ledger {
  const ledger = new Ledger();
  sequences.forEach((sequence, slot) => {
    ledger.receive({ subscription: 1, publisher: 1, slot, sequence, receivedMs: slot });
  });
  return ledger;
}

test("B66: a sequence that goes backwards is an inversion that names the message and what came before", () => {
  expect(room([1, 2, 5, 3, 6]).take().oddities).toEqual([
    { what: "inversion", atMs: 3, subscription: 1, publisher: 1, slot: 3, sequence: 3, after: 5 },
  ]);
});

test("a hole in the slots or in the sequence is not odd", () => {
  const ledger = room([1, 2, 9, 40]);
  ledger.receive({ subscription: 1, publisher: 1, slot: 77, sequence: 41, receivedMs: 5 });
  const { changed, sequenced, ...rest } = ledger.take();
  expect(receivedIn(changed)).toEqual([
    [1, 1, 0, 3],
    [1, 1, 77, 77],
  ]);
  expect(sequencesIn(sequenced)).toEqual([
    [1, 1, 2],
    [1, 9, 9],
    [1, 40, 41],
  ]);
  expect(rest).toEqual({ oddities: [], counts: { ordered: 4 } });
});

test("a duplicate is one oddity, not an inversion too, and does not move the sequence", () => {
  const ledger = room([1, 2, 3]);
  ledger.receive({ subscription: 1, publisher: 1, slot: 0, sequence: 9, receivedMs: 7 });
  ledger.receive({ subscription: 1, publisher: 1, slot: 3, sequence: 4, receivedMs: 8 });
  expect(ledger.take().oddities).toEqual([
    { what: "duplicate", atMs: 7, subscription: 1, publisher: 1, slot: 0, rendered: true },
  ]);
});

test("INV-DUP: a copy with the number of the first is what a client's dedupe removes, one with a new number is not", () => {
  const ledger = room([1, 2, 3]);
  for (const sequence of [2, 4, undefined])
    ledger.receive({ subscription: 1, publisher: 1, slot: 1, sequence, receivedMs: 7 });
  const { oddities, sequenced } = ledger.take();
  expect(oddities.map((oddity) => "rendered" in oddity && oddity.rendered)).toEqual([false, true, false]);
  expect(Object.keys(oddities[2]!)).not.toContain("rendered");
  expect(sequencesIn(sequenced)).toEqual([[1, 1, 4]]);
});

test("INV-ORDER: one that strayed in from a room far ahead does not put all that follows out of order", () => {
  const ledger = room([1, 2]);
  const stray = { subscription: 1, publisher: 9, elsewhere: "/topic/b" };
  ledger.receive({ ...stray, slot: 0, sequence: 500, receivedMs: 3 });
  ledger.receive({ ...stray, slot: 1, sequence: 499, receivedMs: 3 });
  ledger.receive({ subscription: 1, publisher: 1, slot: 2, sequence: 3, receivedMs: 4 });
  const { oddities, sequenced } = ledger.take();
  expect(oddities).toEqual([
    { what: "inversion", atMs: 3, subscription: 1, publisher: 9, slot: 1, sequence: 499, after: 500 },
  ]);
  expect(sequencesIn(sequenced)).toEqual([[1, 1, 3]]);
});

test("a foreign message takes its number in the room's sequence, so that it leaves no gap", () => {
  const ledger = room([1, 2]);
  ledger.foreign(3, 1, "hello", 3);
  ledger.foreign(3, -1, "whose?", 9);
  ledger.receive({ subscription: 1, publisher: 1, slot: 2, sequence: 4, receivedMs: 4 });
  const { oddities, sequenced } = ledger.take();
  expect(sequencesIn(sequenced)).toEqual([[1, 1, 4]]);
  expect(oddities).toEqual([
    { what: "foreign", atMs: 3, subscription: 1, text: "hello" },
    { what: "foreign", atMs: 3, subscription: -1, text: "whose?" },
  ]);
});

test("a sequence that is full of holes is followed no further than is kept", () => {
  const ledger = room(Array.from({ length: 10 * HOLES_MAX }, (_, n) => 10 * n));
  expect(sequencesIn(ledger.take().sequenced)).toHaveLength(HOLES_MAX + 1);
});

test("the same message on two subscriptions is received twice and odd on neither", () => {
  const ledger = new Ledger();
  for (const subscription of [1, 2])
    expect(ledger.receive({ subscription, publisher: 0, slot: 4, sequence: 1, receivedMs: 0 })).toBe(true);
  expect(ledger.take().oddities).toEqual([]);
});

test("oddities over the cap are counted, and the next flush starts afresh", () => {
  const ledger = room([1]);
  for (let i = 0; i < ODDITIES_PER_FLUSH + 5; i++) {
    ledger.receive({ subscription: 1, publisher: 1, slot: 0, sequence: 1, receivedMs: i });
  }
  // A flood of one kind hides none of another.
  ledger.foreign(9, 1, "hello");
  const taken = ledger.take();
  expect(taken.oddities.length).toBe(ODDITIES_PER_FLUSH + 1);
  expect(taken.counts).toEqual({ odditiesDropped: 5, duplicatesDropped: 5 });
  expect(ledger.take().counts).toEqual({});
});

test("what a subscription got is still flushed after it ended", () => {
  const ledger = room([1, 2]);
  ledger.end(1);
  expect(receivedIn(ledger.take().changed)).toEqual([[1, 1, 0, 1]]);
});

test("what arrives between taking and writing out is written out once", () => {
  const ledger = room([1, 2]);
  const first = ledger.take();
  ledger.receive({ subscription: 1, publisher: 1, slot: 2, sequence: 3, receivedMs: 3 });
  ledger.receive({ subscription: 1, publisher: 2, slot: 0, sequence: 4, receivedMs: 4 });
  expect(receivedIn(first.changed)).toEqual([[1, 1, 0, 2]]);
  expect(receivedIn(ledger.take().changed)).toEqual([[1, 2, 0, 0]]);
  ledger.receive({ subscription: 1, publisher: 1, slot: 3, sequence: 5, receivedMs: 5 });
  expect(receivedIn(ledger.take().changed)).toEqual([[1, 1, 3, 3]]);
});
