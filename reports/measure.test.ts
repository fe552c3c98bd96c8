import { expect, test } from "vitest";
import { countOf, histogramOf, histogramsByDestination, ms, plural, show } from "./measure.ts";
import { Story } from "./testing/story.ts";

test("a flush counts where the middle of its second lies", () => {
  // The story flushes second 11 at 12,000 ms.
  const record = new Story()
    .count("sent", 9_500, 1)
    .count("sent", 10_500, 10)
    .count("sent", 11_500, 100)
    .record();
  expect(countOf(record, "sent", 10_000, 12_000)).toBe(110);
  expect(countOf(record, "sent", 0, Number.POSITIVE_INFINITY)).toBe(111);
  expect(countOf(record, "missedLate", 0, 20_000)).toBe(0);
});

test("a flush at the edge of two stretches counts in the one that begins there", () => {
  // The middle of its second is at 10,500 ms.
  const record = new Story().count("sent", 10_200, 10).record();
  expect(countOf(record, "sent", 10_500, 12_000)).toBe(10);
  expect(countOf(record, "sent", 9_000, 10_500)).toBe(0);
});

test("I87: seconds that are set aside are left out, whether anything was measured in them or not", () => {
  const record = new Story().measureEach("delivery", 9_000, 13_000, 5, 10).record();
  const except = new Set([10, 12, 30]);
  for (const toMs of [13_000, 60_000])
    expect(histogramOf(record, "delivery", 9_000, toMs, except).total, `${toMs}`).toBe(20);
});

test("histograms of a stretch add up its whole seconds", () => {
  const record = new Story().measureEach("delivery", 9_000, 13_000, 5, 10).record();
  expect(histogramOf(record, "delivery", 10_000, 12_000).total).toBe(20);
  expect(histogramOf(record, "delivery", 7_000, 10_000).total, "nothing was measured before").toBe(10);
  expect(histogramOf(record, "confirm", 10_000, 12_000).total).toBe(0);
});

test("numbers are shown the same everywhere", () => {
  expect([0, 7, 999, 1_000, 12_345.67, 1_234_567, -1_500, 0.04].map(show)).toEqual([
    "0",
    "7",
    "999",
    "1,000",
    "12,345.7",
    "1,234,567",
    "-1,500",
    "0",
  ]);
  expect([plural(1, "close"), plural(2, "close"), plural(0, "delivery", "deliveries")]).toEqual([
    "1 close",
    "2 closes",
    "0 deliveries",
  ]);
  expect(ms(1_234_567.4)).toBe(1_234.567);
});

test("D1: any stretch of each destination adds up too", () => {
  const record = new Story().record();
  const data = (valueUs: number) => ({ buckets: [valueUs, 2], minUs: valueUs, maxUs: valueUs });
  const byDestination = new Map([
    [
      "delivery",
      new Map([
        ["/topic/a", new Map([1, 2, 3].map((second) => [second, data(second)]))],
        ["/topic/b", new Map([[9, data(9)]])],
      ]),
    ],
  ]);
  const found = histogramsByDestination(
    { ...record, ledger: { ...record.ledger, byDestination } },
    "delivery",
    2_000,
    9_000,
  );
  expect([...found].map(([destination, { total, maxUs }]) => [destination, total, maxUs])).toEqual([
    ["/topic/a", 4, 3],
  ]);
});
