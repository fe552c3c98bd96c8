import { expect, test } from "vitest";
import { droppedIn, eachSend, odditiesIn, sendOf } from "./oddities.ts";
import { Story } from "./testing/story.ts";

const copy = (slot: number, atMs: number, publisher = 0) =>
  ({ what: "duplicate", atMs, subscription: 0, publisher, slot }) as const;

/** Messages 0, 2 and 4 of client 0, intended at 4, 6 and 8 s. */
function story(): Story {
  const made = new Story({ clients: 2 });
  made.join(0, "1", 100);
  for (const slot of [0, 2, 4]) made.send(0, slot, "1", 4_000 + slot * 1_000);
  return made;
}

test("INV-DUP: an oddity belongs to the stretch in which its message was intended, its first moment in, its end out", () => {
  // It came long after.
  const record = story().oddity(copy(2, 15_000)).record();
  const found = (fromMs: number, toMs: number) => odditiesIn(record, "duplicate", fromMs, toMs).length;
  expect([found(6_000, 7_000), found(5_000, 6_000), found(6_001, 7_000), found(5_000, 6_001)]).toEqual([
    1, 0, 0, 1,
  ]);
  expect(odditiesIn(record, "inversion", 0, 20_000)).toEqual([]);
});

test("INV-DUP: one of a message that nobody sent belongs to the time at which it came", () => {
  for (const unknown of [copy(3, 9_000), copy(0, 9_000, 7)]) {
    const record = story().oddity(unknown).record();
    expect(odditiesIn(record, "duplicate", 9_000, 9_001)).toHaveLength(1);
    expect(odditiesIn(record, "duplicate", 0, 9_000)).toEqual([]);
  }
});

test("INV-DUP: those that were only counted are told by kind, and what older records do not tell is perhaps one", () => {
  const record = story()
    .count("odditiesDropped", 5_000, 10)
    .count("duplicatesDropped", 5_000, 3)
    .count("inversionsDropped", 5_000, 2)
    .count("foreignDropped", 5_000, 1)
    .record();
  expect(droppedIn(record, "duplicate", 0, 20_000)).toEqual({ known: 3, perhaps: 4 });
  expect(droppedIn(record, "inversion", 0, 20_000)).toEqual({ known: 2, perhaps: 4 });
  expect(droppedIn(record, "duplicate", 10_000, 20_000)).toEqual({ known: 0, perhaps: 0 });
});

test("INV-DUP: a SEND is found by its slot, also the first and the last, and never its neighbour", () => {
  const record = story().record();
  const slots = [-1, 0, 1, 2, 3, 4, 5].map((slot) => sendOf(record, 0, slot)?.slot);
  expect(slots).toEqual([undefined, 0, undefined, 2, undefined, 4, undefined]);
  expect(sendOf(record, 9, 0)).toBeUndefined();
});

test("INV-DUP: runs of slots are walked in order, with what was sent and what was not", () => {
  const record = story().record();
  const walked: [number, number | undefined][] = [];
  eachSend(record, 0, [0, 2, 4, 5], (slot, send) => walked.push([slot, send?.intendedMs]));
  expect(walked).toEqual([
    [0, 4_000],
    [1, undefined],
    [2, 6_000],
    [4, 8_000],
    [5, undefined],
  ]);
});
