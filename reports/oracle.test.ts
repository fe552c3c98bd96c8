import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { agree, agreeOn } from "./fixtures/histories/agree.ts";
import { oracle } from "./fixtures/histories/oracle.ts";
import { plant, plantings } from "./fixtures/histories/plant.ts";
import { anyRun, historyOf, recordOf, timing } from "./fixtures/histories/random-history.ts";

test("rule 3: on random histories the checks find what an oracle finds that keeps every message", () => {
  fc.assert(fc.property(anyRun, agree), { numRuns: 300, seed: 5 });
});

test("the random histories have everything in them that can be found", () => {
  const totals: Record<string, number> = {};
  for (const raw of fc.sample(anyRun, { numRuns: 300, seed: 7 })) {
    for (const [kind, found] of Object.entries(oracle(historyOf(raw))))
      totals[kind] = (totals[kind] ?? 0) + (typeof found === "number" ? found : found.length);
  }
  for (const [kind, total] of Object.entries(totals)) expect(total, kind).toBeGreaterThan(2);
});

describe("a planted anomaly is found by its ids, and nothing else is", () => {
  test.each(plantings)("%s at the %s of a window", (kind, place) => {
    fc.assert(
      fc.property(anyRun, (raw) => plant(raw, kind, place)),
      { numRuns: 3, seed: 11 },
    );
  });
});

describe("shrunk histories in which the checks once invented something", () => {
  const quiet = { tookMs: 1, lastedMs: 1, end: "at end", silentMs: 0 } as const;
  const send = { afterMs: 1, outcome: "c", fate: 0, ways: [0, 0, 0, 0, 0, 0, 0, 0] } as const;
  const raw = { numbered: true, lost: [], cutSecond: 99, replays: [0, 0, 0, 0, 0, 0, 0, 0] };

  test("a gap, where both the subscription's beginning and a report are missing", () => {
    const history = historyOf({
      ...raw,
      lives: [{ ...quiet, client: 0, room: "b", waitedMs: 4, tookMs: 6 }],
      sends: [
        { ...send, publisher: 23, sentMs: 20 },
        { ...send, publisher: 23, sentMs: 90 },
        { ...send, publisher: 21, sentMs: 100 },
      ],
      lost: [2, 18],
    });
    expect(agreeOn(history)).toMatchObject({ gaps: [], undecidedGaps: 1 });
  });

  test("losses, where one of two engine parts fell silent and the other went on", () => {
    const history = historyOf({
      ...raw,
      lives: [{ ...quiet, client: 1, room: "a", waitedMs: 10 }],
      sends: [
        { ...send, publisher: 20, sentMs: 30 },
        { ...send, publisher: 20, sentMs: 120 },
      ],
      cutSecond: 8,
    });
    expect(agreeOn(history)).toMatchObject({ lost: [], decided: 1, undecided: 0 });
    expect(recordOf(history).ledger.windows[0]).toMatchObject({ ended: "open", toMs: 8_000 });
  });

  test("a message that nobody sent, where the engine part that sent it said hello and nothing more", () => {
    const history = historyOf({
      ...raw,
      lives: [{ ...quiet, client: 0, room: "a", waitedMs: 1 }],
      sends: [
        { ...send, publisher: 20, sentMs: 0 },
        // On its way it strays into room a.
        { ...send, publisher: 21, sentMs: 1, ways: [92] },
      ],
      lost: [1],
      cutSecond: 1,
    });
    expect(agreeOn(history)).toMatchObject({ strays: [], untraceable: 1 });
    expect(recordOf(history).torn).toContain("VU 2 said hello and never reported");
  });

  test("losses, where the report of what came is missing", () => {
    const history = historyOf({
      ...raw,
      lives: [{ ...quiet, client: 1, room: "a", waitedMs: 10 }],
      sends: [
        { ...send, publisher: 20, sentMs: 30 },
        { ...send, publisher: 20, sentMs: 105 },
        { ...send, publisher: 20, sentMs: 150 },
      ],
      // VU 2, second 10.
      lost: [21],
    });
    expect(agreeOn(history)).toMatchObject({
      lost: [],
      decided: 2,
      undecided: 1,
      gaps: [],
      undecidedGaps: 1,
    });
  });

  test("losses, where the report of the connection's end is missing and the client came again", () => {
    const history = historyOf({
      ...raw,
      lives: [
        { client: 0, room: "a", waitedMs: 10, tookMs: 1, lastedMs: 34, end: "drop", silentMs: 0 },
        { client: 0, room: "b", waitedMs: 30, tookMs: 1, lastedMs: 80, end: "at end", silentMs: 0 },
      ],
      sends: [
        { ...send, publisher: 20, sentMs: 20 },
        { ...send, publisher: 20, sentMs: 120 },
      ],
      lost: [8],
    });
    expect(agreeOn(history)).toMatchObject({ lost: [], decided: 1 });
    const [first] = recordOf(history).ledger.windows;
    expect(first).toMatchObject({ ended: "open", heardMs: 4_000 });
    expect(first?.toMs).toBeLessThan(timing.endMs);
  });
});
