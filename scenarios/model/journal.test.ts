import { expect, test } from "vitest";
import { emptyHistogram, merge, percentile } from "./histogram.ts";
import { DESTINATIONS_MAX, Journal } from "./journal.ts";
import { MORE_DESTINATIONS } from "./telemetry.ts";

/** All steps at once. */
function all<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

const gauges = { connected: 1, subscribed: 1, due: 1 };

function arrival(slot: number, latencyMs: number) {
  const intendedMs = 1_000 * slot;
  return {
    publisher: 3,
    slot,
    intendedMs,
    subscription: 5,
    sequence: slot + 1,
    receivedMs: intendedMs + latencyMs,
    role: "chatter",
  };
}

test("rule 4: latency counts from the intended time, in the second in which it was intended", () => {
  const journal = new Journal(1);
  // Intended in second 2, arrived in second 5.
  journal.arrived(arrival(2, 3_400.25));
  const [flush] = all(journal.take(6_000, gauges));
  expect(flush!.histograms.map(({ metric, role, second }) => [metric, role, second])).toEqual([
    ["delivery", "chatter", 2],
  ]);
  expect(flush!.histograms[0]!.data.maxUs).toBe(3_400_250);
  expect(flush!.slowest).toEqual([[3_400.25, 5, 3, 2, 5_400.25]]);
  expect(flush!.received).toEqual([[5, 3, 2, 2]]);
});

test("the five slowest of a flush are kept, slowest first", () => {
  const journal = new Journal(1);
  const latencies = [4, 9, 1, 7, 7, 3, 12, 2];
  latencies.forEach((latencyMs, slot) => {
    journal.arrived(arrival(slot, latencyMs));
  });
  expect(all(journal.take(9_000, gauges))[0]!.slowest.map(([latencyMs]) => latencyMs)).toEqual([
    12, 9, 7, 7, 4,
  ]);
});

test("a duplicate is counted as a delivery but its latency is not", () => {
  const journal = new Journal(1);
  journal.arrived(arrival(1, 5));
  journal.arrived(arrival(1, 900));
  const [flush] = all(journal.take(9_000, gauges));
  expect(flush!.counts).toEqual({ deliveries: 2 });
  expect(flush!.oddities.length).toBe(1);
  const delivery = emptyHistogram();
  merge(delivery, flush!.histograms[0]!.data);
  expect(delivery.total).toBe(1);
  expect(percentile(delivery, 1)).toBe(5_000);
});

test("flushes are deltas with sequence numbers without a hole", () => {
  const journal = new Journal(1);
  journal.arrived(arrival(1, 5));
  journal.sent([3, 1, "/app/x", 1_000, 1_000.123_456]);
  const first = all(journal.take(2_000, gauges));
  journal.arrived(arrival(2, 5));
  const second = all(journal.take(3_000, gauges));
  expect([...first, ...second].map((flush) => flush.sequence)).toEqual([0, 1]);
  expect(first[0]!.sends).toEqual([[3, 1, "/app/x", 1_000, 1_000.123]]);
  expect(second[0]!.sends).toEqual([]);
  expect(second[0]!.received).toEqual([[5, 3, 2, 2]]);
  expect(second[0]!.counts).toEqual({ deliveries: 1, ordered: 1 });
});

test("a very full second leaves in several lines that add up, counts and histograms once", () => {
  const journal = new Journal(1);
  for (let slot = 0; slot < 9_000; slot++) journal.sent([1, slot, "/app/x", slot, slot]);
  for (let slot = 0; slot < 5_000; slot += 2) journal.arrived(arrival(slot, 1));
  const flushes = all(journal.take(10_000, gauges));
  expect(flushes.length).toBeGreaterThan(2);
  expect(flushes.map((flush) => flush.sequence)).toEqual(flushes.map((_, index) => index));
  expect(flushes.flatMap((flush) => flush.sends).length).toBe(9_000);
  expect(flushes.flatMap((flush) => flush.received).length).toBe(2_500);
  expect(flushes.slice(0, -1).every((flush) => Object.keys(flush.counts).length === 0)).toBe(true);
  expect(flushes.at(-1)!.counts.sent).toBe(9_000);
  const delivery = emptyHistogram();
  for (const flush of flushes) for (const { data } of flush.histograms) merge(delivery, data);
  expect(delivery.total).toBe(2_500);
});

test("histograms are of a metric, role, destination and second; those over the cap share one, and none is lost", () => {
  const journal = new Journal(1);
  const measured = DESTINATIONS_MAX + 5;
  for (let second = 0; second < 2; second++)
    for (let room = 0; room < measured; room++)
      journal.measure("delivery", "chatter", 1_000 * second, room, `/topic/${room}`);
  journal.measure("delivery", "lurker", 0, 1, "/topic/99");
  journal.measure("loopLag", "generator", 0, 1);
  const [flush] = all(journal.take(2_000, gauges));
  const totals = new Map<string, number>();
  for (const { metric, role, destination, second, data } of flush!.histograms) {
    const histogram = emptyHistogram();
    merge(histogram, data);
    totals.set([metric, role, destination ?? "", second].join(" "), histogram.total);
  }
  expect(totals.get("delivery chatter /topic/0 0")).toBe(1);
  expect(totals.get(`delivery chatter ${MORE_DESTINATIONS} 1`)).toBe(5);
  expect(totals.get("delivery lurker /topic/99 0")).toBe(1);
  expect(totals.get("loopLag generator  0")).toBe(1);
  expect([...totals.values()].reduce((sum, total) => sum + total, 0)).toBe(2 * measured + 2);
});

test("a destination that had a place keeps it in later flushes", () => {
  const journal = new Journal(1);
  const told = () => {
    for (let room = 0; room <= DESTINATIONS_MAX; room++)
      journal.measure("confirm", "chatter", 0, 1, `/app/${room}`);
    return all(journal.take(1_000, gauges))[0]!.histograms.map(({ destination }) => destination);
  };
  expect(told()).toEqual(told());
});

test("bad luck: a delivery before its own time is counted below zero, not dropped, and told apart from zero", () => {
  const journal = new Journal(1);
  journal.arrived(arrival(1, -40));
  journal.arrived(arrival(1_001, 0));
  const delivery = emptyHistogram();
  for (const { data } of all(journal.take(9_000, gauges))[0]!.histograms) merge(delivery, data);
  expect([delivery.total, delivery.negative, delivery.minUs]).toEqual([2, 1, -40_000]);
});

test("the rooms' numbers leave with the flush, and very many of them in several", () => {
  const journal = new Journal(1);
  for (let subscription = 0; subscription < 6_000; subscription++)
    journal.arrived({ ...arrival(1, 1), subscription, sequence: 7 });
  const flushes = all(journal.take(9_000, gauges));
  expect(flushes.length).toBeGreaterThan(2);
  expect(flushes.flatMap((flush) => flush.sequences).length).toBe(6_000);
  expect(flushes.at(-1)!.sequences?.at(-1)).toEqual([5_999, 7, 7]);
});
