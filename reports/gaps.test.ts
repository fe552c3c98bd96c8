import { expect, test } from "vitest";
import { gapsIn } from "./gaps.ts";
import type { FlushHole, Gap, RunRecord, Unseen } from "./record/run-record.ts";
import { Story } from "./testing/story.ts";

const gap = (atMs: number, subscription = 0): Gap => ({ subscription, fromSequence: 3, toSequence: 4, atMs });

/** One subscription (number 0) that did not see these stretches, and these gaps. */
function record(
  gaps: readonly Gap[],
  unseen: readonly Unseen[] = [],
  holes: readonly FlushHole[] = [],
): RunRecord {
  const story = new Story({ clients: 1 });
  story.join(0, "1", 100);
  const whole = story.record();
  const windows = whole.ledger.windows.map((window) => ({ ...window, unseen }));
  const windowOf = new Map(windows.map((window) => [window.subscription, window]));
  return { ...whole, ledger: { ...whole.ledger, gaps, holes, windows, windowOf } };
}

test("INV-ORDER: a gap belongs to the stretch in which it was told, its first moment in and its end out", () => {
  const found = (fromMs: number, toMs: number) => gapsIn(record([gap(5_000)]), fromMs, toMs).gaps.length;
  expect([found(5_000, 6_000), found(4_000, 5_000), found(5_001, 6_000), found(4_000, 5_001)]).toEqual([
    1, 0, 0, 1,
  ]);
});

test("INV-ORDER: behind a report that is missing it is undecided, from that report's first moment on", () => {
  const found = (fromMs: number) => {
    const { gaps, undecided } = gapsIn(record([gap(5_000)], [{ fromMs, toMs: 6_000 }]), 0, 9_000);
    return [gaps.length, undecided];
  };
  expect([found(4_000), found(5_000), found(5_001)]).toEqual([
    [0, 1],
    [0, 1],
    [1, 0],
  ]);
});

test("INV-ORDER: of a subscription that nobody knows any missing report may be the one", () => {
  const hole: FlushHole = { vu: 1, fromSequence: 2, toSequence: 3, fromMs: 2_000, toMs: 4_000 };
  expect(gapsIn(record([gap(5_000, 99)], [], [hole]), 0, 9_000)).toEqual({ gaps: [], undecided: 1 });
  expect(gapsIn(record([gap(5_000)], [], [hole]), 0, 9_000), "its own reports are all there").toEqual({
    gaps: [gap(5_000)],
    undecided: 0,
  });
});
