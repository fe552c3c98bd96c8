import fc from "fast-check";
import { expect, test } from "vitest";
import { add, type Delivery, Ledger, ODDITIES_PER_FLUSH, receivedIn } from "./ledger.ts";
import type { Oddity, ReceivedTuple } from "./telemetry.ts";

/** Every message kept, every question answered by looking at all of them. */
class Oracle {
  readonly #all: Delivery[] = [];
  #fresh: Delivery[] = [];
  oddities: Oddity[] = [];
  ordered = 0;

  receive(delivery: Delivery): boolean {
    const { subscription, publisher, slot, sequence, receivedMs: atMs } = delivery;
    const same = this.#all.filter((one) => one.subscription === subscription);
    if (same.some((one) => one.publisher === publisher && one.slot === slot)) {
      this.oddities.push({ what: "duplicate", atMs, subscription, publisher, slot });
      return false;
    }
    const earlier =
      sequence === undefined
        ? same
            .filter((one) => one.publisher === publisher && one.sequence === undefined)
            .map((one) => one.slot)
        : same.flatMap((one) => (one.sequence === undefined ? [] : [one.sequence]));
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
  receivedMs: fc.integer({ min: 0, max: 99 }),
  flushAfter: fc.boolean(),
});

test("rule 3: the ledger says what an oracle that keeps every message says, at any flush", () => {
  fc.assert(
    fc.property(fc.array(delivery, { maxLength: 120 }), (deliveries) => {
      const ledger = new Ledger();
      const oracle = new Oracle();
      const oddities: Oddity[] = [];
      let ordered = 0;
      const flush = () => {
        const taken = ledger.take();
        const keys = expand(receivedIn(taken.changed));
        expect(new Set(keys)).toEqual(oracle.take());
        // A flush lists nothing twice: what it sends is a delta.
        expect(keys.length).toBe(new Set(keys).size);
        expect(taken.odditiesDropped).toBe(0);
        oddities.push(...taken.oddities);
        ordered += taken.ordered;
      };
      for (const { flushAfter, ...one } of deliveries) {
        expect(ledger.receive(one)).toBe(oracle.receive(one));
        if (flushAfter) flush();
      }
      flush();
      expect(oddities).toEqual(oracle.oddities);
      expect(ordered).toBe(oracle.ordered);
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
  const { changed, ...rest } = ledger.take();
  expect(receivedIn(changed)).toEqual([
    [1, 1, 0, 3],
    [1, 1, 77, 77],
  ]);
  expect(rest).toEqual({ oddities: [], odditiesDropped: 0, ordered: 4 });
});

test("a duplicate is one oddity, not an inversion too, and does not move the sequence", () => {
  const ledger = room([1, 2, 3]);
  ledger.receive({ subscription: 1, publisher: 1, slot: 0, sequence: 9, receivedMs: 7 });
  ledger.receive({ subscription: 1, publisher: 1, slot: 3, sequence: 4, receivedMs: 8 });
  expect(ledger.take().oddities).toEqual([
    { what: "duplicate", atMs: 7, subscription: 1, publisher: 1, slot: 0 },
  ]);
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
  const taken = ledger.take();
  expect(taken.oddities.length).toBe(ODDITIES_PER_FLUSH);
  expect(taken.odditiesDropped).toBe(5);
  expect(ledger.take().odditiesDropped).toBe(0);
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
