import { describe, expect, test } from "vitest";
import { clientMessageId, identityText } from "../../scenarios/model/identity.ts";
import { type StoredRow, storedIntervals } from "./audit.ts";

const NONCE = "abc123";
type Pair = readonly [publisher: number, slot: number];

const textOf = (publisher: number, slot: number, nonce = NONCE) =>
  identityText(nonce, { publisher, slot, intendedMs: 1_250.5 }, 100);
/** As a server keeps them that knows a message by the id its client gave. */
const rows = (...pairs: readonly Pair[]): StoredRow[] =>
  pairs.map(([publisher, slot]) => ({
    id: clientMessageId(NONCE, publisher, slot),
    text: textOf(publisher, slot),
  }));

test("INV-DURABLE: stored rows become intervals of each publisher's slots, whatever their order", () => {
  const line = storedIntervals(NONCE, rows([2, 5], [1, 2], [1, 0], [1, 1], [1, 4], [2, 6]));
  expect(line).toEqual({
    source: "postgres",
    stored: [
      [1, 0, 2],
      [1, 4, 4],
      [2, 5, 6],
    ],
    rows: 6,
  });
});

test("INV-DURABLE: a message stored twice shows as more rows than identities", () => {
  expect(storedIntervals(NONCE, rows([1, 0], [1, 1], [1, 1]))).toMatchObject({
    stored: [[1, 0, 1]],
    rows: 3,
  });
});

describe("INV-DURABLE: a message is stored whichever of the two names it", () => {
  test("B216: what was said, where the server knows it by an id of its own", () => {
    const own = [0, 1, 2].map((slot, n) => ({ id: `01J9-${n}`, text: textOf(4, slot) }));
    expect(storedIntervals(NONCE, [...own, { id: "01J9-3", text: textOf(4, 1) }])).toEqual({
      source: "postgres",
      stored: [[4, 0, 2]],
      rows: 4,
    });
  });

  test("the client's id, whatever the server has made of the text", () => {
    const [row] = rows([4, 7]);
    expect(storedIntervals(NONCE, [{ ...row!, text: "" }])).toMatchObject({ stored: [[4, 7, 7]], rows: 1 });
  });

  test("once, where both do; and by its id, where they differ", () => {
    expect(storedIntervals(NONCE, rows([4, 7]))).toMatchObject({ stored: [[4, 7, 7]], rows: 1 });
    const [row] = rows([4, 7]);
    expect(storedIntervals(NONCE, [{ ...row!, text: textOf(4, 8) }])).toMatchObject({ stored: [[4, 7, 7]] });
  });
});

test("rows of another run and malformed ones are not counted as this run's", () => {
  const ids = ["abc124-1-0", "abc123-1", "abc123-1-x", "abc123-1-0-2", "abc123-01-2", "abc123--1-2", ""];
  const texts = [
    textOf(1, 0, "abc124"),
    textOf(1, 0, "abc12"),
    "sw1/abc123/",
    "sw1/abc123/1/0",
    "sw1/abc123/x/0/1/",
    `look: ${textOf(1, 0)}`,
    "hello",
  ];
  const foreign = ids.flatMap((id) => texts.map((text) => ({ id, text })));
  expect(storedIntervals(NONCE, foreign)).toEqual({ source: "postgres", stored: [], rows: 0 });
});
