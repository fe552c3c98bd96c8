import fc from "fast-check";
import { expect, test } from "vitest";
import type { MachineSample, Sample, ServerSample } from "./samples.ts";
import { FULL_EVERY_MS, restorer, type StoredSample, thinner } from "./thin-samples.ts";

const server = (
  atMs: number,
  series: Record<string, number>,
  more: Partial<ServerSample> = {},
): ServerSample => ({
  kind: "server",
  atMs,
  server: "server-1",
  up: true,
  series,
  ...more,
});

/** What a file would give back. */
const shipped = <T>(value: T): T => JSON.parse(JSON.stringify(value));

test("only what changed is written, by its number", () => {
  const thin = thinner();
  expect(thin(server(1_000, { a: 1, b: 2, c: 3 }))).toEqual(server(1_000, { a: 1, b: 2, c: 3 }));
  const rest = { kind: "server", server: "server-1", up: true };
  expect(thin(server(2_000, { c: 3, b: 5, a: 1 }))).toEqual({
    ...rest,
    atMs: 2_000,
    after: 1_000,
    changed: [1, 5],
  });
  expect(thin(server(3_000, { b: 5, c: 3, 'd{x="1"}': 4 }))).toEqual({
    ...rest,
    atMs: 3_000,
    after: 2_000,
    changed: [],
    added: { 'd{x="1"}': 4 },
    gone: [0],
  });
  expect(thin(server(4_000, { a: 1, b: 5, c: 3, 'd{x="1"}': 9 }))).toEqual({
    ...rest,
    atMs: 4_000,
    after: 3_000,
    changed: [0, 1, 3, 9],
  });
});

test("a full line each minute, when a server comes or goes, and after a clock that did not go on", () => {
  const thin = thinner();
  const isFull = (sample: Sample) => !("changed" in thin(sample));
  expect(isFull(server(1_000, { a: 1 }))).toBe(true);
  expect(isFull(server(2_000, { a: 1 }))).toBe(false);
  expect(isFull(server(3_000, {}, { up: false }))).toBe(true);
  expect(isFull(server(4_000, {}, { up: false }))).toBe(false);
  expect(isFull(server(5_000, { a: 1 }))).toBe(true);
  expect(isFull(server(4_500, { a: 1 }))).toBe(true);
  expect(isFull(server(6_000, { a: 1 }))).toBe(true);
  expect(isFull(server(6_000 + FULL_EVERY_MS - 1, { a: 1 }))).toBe(false);
  expect(isFull(server(6_000 + FULL_EVERY_MS, { a: 1 }))).toBe(true);
  expect(isFull(server(6_100 + FULL_EVERY_MS, { a: 1 }, { server: "server-2" }))).toBe(true);
});

const machine: MachineSample = {
  kind: "machine",
  atMs: 0,
  processCpu: { k6: 0.2 },
  processRss: {},
  loopLagP99Ms: 1,
  loopLagMaxMs: 2,
  clockStepMs: 0,
};
const value = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY),
);
const samples = fc.array(
  fc.record({
    server: fc.constantFrom("server-1", "server-2", "machine"),
    afterMs: fc.constantFrom(0, 900, 1_000, 1_100, 30_000),
    up: fc.constantFrom(true, true, true, false),
    series: fc.dictionary(fc.constantFrom("a", "b", "c", "d", "constructor"), value),
  }),
);

function timed(raw: typeof samples extends fc.Arbitrary<infer T> ? T : never): Sample[] {
  let atMs = 0;
  return raw.map(({ server: name, afterMs, up, series }) => {
    atMs += afterMs;
    return name === "machine" ? { ...machine, atMs } : server(atMs, up ? series : {}, { server: name, up });
  });
}

test("what is read is what a file of full lines would have given", () => {
  fc.assert(
    fc.property(samples, (raw) => {
      const all = timed(raw);
      const thin = thinner();
      const restore = restorer();
      expect(all.map((sample) => restore(shipped(thin(sample))))).toEqual(all.map(shipped));
    }),
  );
});

test("rule 2: with any lines torn out, what is read is what was written, and nothing goes on from what is not there", () => {
  fc.assert(
    fc.property(samples, fc.infiniteStream(fc.integer({ min: 0, max: 4 })), (raw, dice) => {
      const all = timed(raw);
      const thin = thinner();
      const restore = restorer();
      for (const sample of all) {
        const line: StoredSample = shipped(thin(sample));
        if (dice.next().value === 0) continue;
        const restored = restore(line);
        if (restored !== undefined) expect(restored).toEqual(shipped(sample));
        else expect(line).toHaveProperty("changed");
      }
    }),
    { numRuns: 500 },
  );
});
