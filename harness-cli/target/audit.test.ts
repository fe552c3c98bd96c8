import { expect, test } from "vitest";
import { clientMessageId } from "../../scenarios/model/identity.ts";
import { storedIntervals } from "./audit.ts";

const ids = (...pairs: readonly [number, number][]) =>
  pairs.map(([publisher, slot]) => clientMessageId("abc123", publisher, slot));

test("INV-DURABLE: stored rows become intervals of each publisher's slots, whatever their order", () => {
  const line = storedIntervals("abc123", ids([2, 5], [1, 2], [1, 0], [1, 1], [1, 4], [2, 6]));
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
  expect(storedIntervals("abc123", ids([1, 0], [1, 1], [1, 1]))).toMatchObject({
    stored: [[1, 0, 1]],
    rows: 3,
  });
});

test("ids of another run and malformed ids are not counted as this run's", () => {
  const foreign = ["abc124-1-0", "abc123-1", "abc123-1-x", "abc123-1-0-2", "abc123-01-2", "abc123--1-2"];
  expect(storedIntervals("abc123", foreign)).toEqual({ source: "postgres", stored: [], rows: 0 });
});
