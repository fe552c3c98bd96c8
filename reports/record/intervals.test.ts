import fc from "fast-check";
import { expect, test } from "vitest";
import { contains, normalise, size, union, values } from "./intervals.ts";

const runs = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 8 }))
    .map(([from, length]) => [from, from + length] as const),
  { maxLength: 12 },
);

test("touching and overlapping runs become one, an upside-down one is nothing", () => {
  expect(
    normalise([
      [5, 6],
      [1, 2],
      [3, 4],
      [9, 8],
    ]),
  ).toEqual([1, 6]);
  expect(
    normalise([
      [4, 9],
      [4, 5],
      [11, 11],
    ]),
  ).toEqual([4, 9, 11, 11]);
  expect(normalise([])).toEqual([]);
});

test("intervals say the same as a plain set", () => {
  fc.assert(
    fc.property(runs, runs, (a, b) => {
      const set = new Set<number>();
      for (const [from, to] of [...a, ...b]) for (let i = from; i <= to; i++) set.add(i);
      const both = union([normalise(a), normalise(b)]);
      expect([...values(both)]).toEqual([...set].sort((x, y) => x - y));
      expect(size(both)).toBe(set.size);
      for (let i = -1; i < 72; i++) expect(contains(both, i)).toBe(set.has(i));
    }),
  );
});
