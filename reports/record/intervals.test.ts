import fc from "fast-check";
import { expect, test } from "vitest";
import { addRun, contains, gapsOf, intersection, normalise, size, union, values } from "./intervals.ts";

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

test("runs added one by one are what all at once are, and say which of them began apart", () => {
  fc.assert(
    fc.property(runs, (all) => {
      const grown: number[] = [];
      const began = new Set<number>();
      for (const [i, [from, to]] of all.entries()) {
        const isApart = !contains(grown, from) && !contains(grown, from - 1);
        expect(addRun(grown, from, to)).toBe(isApart);
        if (isApart) began.add(from);
        expect(grown).toEqual(normalise(all.slice(0, i + 1)));
      }
      // Whoever stands at the front of a run now was told as such, in whatever order they came.
      for (let i = 0; i < grown.length; i += 2) expect(began.has(grown[i] as number)).toBe(true);
    }),
  );
});

test("gaps are what lies between and is not there; an intersection is what both have", () => {
  fc.assert(
    fc.property(runs, runs, (a, b) => {
      const [one, other] = [normalise(a), normalise(b)];
      const inGaps = gapsOf(one).flatMap(([from, to]) => [...values([from, to])]);
      const [first = 0, last = -1] = [one[0], one.at(-1)];
      const between = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
      expect(inGaps).toEqual(between.filter((value) => !contains(one, value)));
      expect([...values(intersection(one, other))]).toEqual(
        [...values(one)].filter((v) => contains(other, v)),
      );
    }),
  );
});
