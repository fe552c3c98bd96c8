import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ConnectionEvent } from "../../../scenarios/model/telemetry.ts";
import { calm, storm, torn } from "../../fixtures/made-up-runs.ts";
import type { RunRecord } from "../../record/run-record.ts";
import { axisOf } from "./axis.ts";
import { balanceOf } from "./balance.ts";
import { countRate } from "./client-series.ts";
import { closeTable, drops } from "./closes.ts";
import { faultStories, tellFault } from "./faults.ts";
import { happenings } from "./happenings.ts";
import { undecidedFacts } from "./limits-of-sight.ts";
import { deliveryMatrix } from "./matrix.ts";
import { bucketPercentile, bucketsOf, bucketsSince } from "./queue-depth.ts";
import { reconnectCurves } from "./reconnects.ts";
import { reproductionOf, tellTarget } from "./reproduction.ts";
import { seriesOf } from "./series.ts";

function withConnections(record: RunRecord, connections: readonly ConnectionEvent[]): RunRecord {
  return { ...record, ledger: { ...record.ledger, connections } };
}

const at = (atMs: number, client: number, attempt: number) => ({ atMs, client, attempt, endpoint: 1 });

describe("the time axis", () => {
  test("a long run has no more bins than a short page, a short one a bin a second", () => {
    const { record } = calm();
    expect(axisOf(record, 150)).toEqual({ binMs: 1_000, bins: 13, toMs: 13_000 });
    for (const hours of [1, 10, 200]) {
      const axis = axisOf({ ...record, durationMs: hours * 3_600_000 }, 150);
      expect(axis.bins).toBeLessThanOrEqual(150);
      expect(axis.toMs).toBeGreaterThanOrEqual(hours * 3_600_000);
    }
  });

  test("counts of flushes that straddle bins are neither lost nor invented", () => {
    const { record } = calm();
    const rows = fc.array(fc.tuple(fc.integer({ min: 1, max: 4_000 }), fc.integer({ min: 0, max: 500 })), {
      maxLength: 9,
    });
    fc.assert(
      fc.property(rows, (spans) => {
        let sinceMs = 0;
        const counts = spans.map(([spanMs, deliveries]) => {
          const row = { vu: 1, sinceMs, atMs: sinceMs + spanMs, values: { deliveries } };
          sinceMs = row.atMs;
          return row;
        });
        const long = { ...record, durationMs: sinceMs + 1, ledger: { ...record.ledger, counts } };
        const rates = countRate(long, axisOf(long, 150), "deliveries");
        const sum = rates.reduce<number>((total, rate) => total + (rate ?? 0), 0);
        expect(sum).toBeCloseTo(
          spans.reduce((total, [, count]) => total + count, 0),
          1,
        );
      }),
    );
  });
});

describe("how long processes waited for a core", () => {
  const waited = (record: RunRecord) => seriesOf(record, axisOf(record, 150)).coreWaitMs;
  const withWaits = (...waits: readonly (readonly [atMs: number, own: Record<string, number>])[]) => {
    const { record } = calm();
    const [one] = record.samples.machine;
    const machine = waits.map(([atMs, processWaitMs]) => ({ ...one!, atMs, processWaitMs }));
    return { ...record, samples: { ...record.samples, machine } };
  };

  test("the longest of each bin, by process; null where it was not there to be asked", () => {
    const record = withWaits([1_000, { redis: 3, k6: 10 }], [1_900, { k6: 60 }], [3_000, { redis: 0 }]);
    const [k6, redis] = waited(record);
    expect([k6?.name, k6?.values.slice(0, 4)]).toEqual(["k6", [null, 60, null, null]]);
    expect([redis?.name, redis?.values.slice(0, 4)]).toEqual(["redis", [null, 3, null, 0]]);
    expect(waited(record)).toHaveLength(2);
  });

  test("nothing where the kernel does not say", () => {
    expect(waited(calm().record)).toEqual([]);
  });
});

describe("G17: closes", () => {
  test("by code, initiator and phase; a missing code is its own code", () => {
    const { record, report } = storm();
    const rows = closeTable(record, report.phases);
    expect(rows.map(({ code, by, total }) => [code, by, total])).toEqual([
      ["1000", "self", 60],
      ["1006", "unknown", 15],
      ["no code", "unknown", 5],
      ["1013", "peer", 3],
    ]);
    const kill = report.phases.findIndex(({ name }) => name === "during kill server-2");
    expect(rows[1]?.counts[kill]).toBe(15);
    expect(rows[0]?.counts.at(-1)).toBe(60);
    expect(drops(record)).toHaveLength(23);
  });
});

describe("G18: the reconnect curve", () => {
  test("shares, times and attempts are those of the dropped clients only", () => {
    const { record } = storm();
    const closed = (client: number, atMs: number): ConnectionEvent => ({
      what: "closed",
      ...at(atMs, client, 0),
      code: 1_006,
      reason: "",
      by: "unknown",
      silentMs: 1,
    });
    const back = (client: number, atMs: number): ConnectionEvent => ({
      what: "subscribed",
      atMs,
      client,
      attempt: 1,
      subscription: 900 + client,
      destination: "/topic/x",
      askedMs: atMs,
    });
    const due = (client: number, attempt: number, atMs: number): ConnectionEvent => ({
      what: "due",
      ...at(atMs, client, attempt),
    });
    const [curve] = reconnectCurves(
      withConnections(record, [
        ...[0, 1, 2, 3].map((client) => closed(client, 12_100)),
        due(0, 1, 12_200),
        due(1, 1, 12_900),
        due(9, 1, 12_950), // was not dropped
        due(2, 1, 13_199),
        due(3, 1, 13_200), // one second after the first: outside the window
        back(0, 13_000),
        due(1, 2, 14_000),
        back(1, 14_100),
        back(2, 16_100),
      ]),
    );
    expect(curve).toMatchObject({
      dropped: 4,
      back: 3,
      firstDropMs: 12_100,
      attemptsPerSecondMax: 3,
      firstAttemptShareMax: 0.75,
      backAfterMs: { p50: 2_000 },
      attemptsPerClientMax: 2,
      attemptsPerClientMean: 1.25,
    });
    expect(curve?.backAfterMs.p99).toBeUndefined();
  });

  test("a run that dropped nobody has none", () => {
    expect(reconnectCurves(calm().record)).toEqual([]);
    expect(reconnectCurves(torn().record)).toEqual([]);
  });
});

describe("G20: the delivery matrix", () => {
  test("every delivery is counted once, by origin and recipient", () => {
    const { record } = storm();
    const { servers, counts } = deliveryMatrix(record);
    expect(servers).toEqual(["server-1", "server-2", "server-3"]);
    const delivered = record.ledger.counts.reduce((sum, row) => sum + (row.values.deliveries ?? 0), 0);
    expect(counts.flat().reduce<number>((sum, count) => sum + (count ?? 0), 0)).toBe(delivered);
  });

  test("B42: a relay that does not reach the others shows as zeros, nobody there as a dash", () => {
    const { record } = calm();
    const own = new Map(
      [...record.ledger.received].map(([subscription, publishers]) => {
        const server = record.ledger.windowOf.get(subscription)?.endpoint;
        return [subscription, new Map([...publishers].filter(([publisher]) => publisher % 3 === server))];
      }),
    );
    const lame = { ...record, ledger: { ...record.ledger, received: own } };
    const { counts } = deliveryMatrix(lame);
    expect(counts.map((row) => row.map((count) => (count === null ? "–" : count > 0)))).toEqual([
      [true, false, false],
      [false, true, false],
      [false, false, true],
    ]);
    const alone = { ...lame.ledger, windows: record.ledger.windows.filter(({ endpoint }) => endpoint === 0) };
    expect(deliveryMatrix({ ...lame, ledger: alone }).counts[0]).toEqual([expect.any(Number), null, null]);
  });
});

describe("G22: send queue depth", () => {
  test("a restart begins anew, labels are summed, no observation is no value", () => {
    const scrape = (series: Record<string, number>) =>
      bucketsOf({ kind: "server", atMs: 0, server: "s", up: true, series }, "q");
    const first = scrape({
      'q_bucket{le="1"}': 5,
      'q_bucket{room="a",le="+Inf"}': 6,
      'q_bucket{room="b",le="+Inf"}': 4,
      q_sum: 3,
    });
    expect(first).toEqual([
      [1, 5],
      [Number.POSITIVE_INFINITY, 10],
    ]);
    const later = scrape({ 'q_bucket{le="1"}': 9, 'q_bucket{le="+Inf"}': 14 });
    expect(bucketsSince(first, later)).toEqual([
      [1, 4],
      [Number.POSITIVE_INFINITY, 4],
    ]);
    expect(bucketsSince(later, first)).toBe(first);
    expect(bucketPercentile(later, 0.5)).toBe(1);
    expect(bucketPercentile(later, 0.99)).toBe(Number.POSITIVE_INFINITY);
    expect(bucketPercentile([], 0.99)).toBeUndefined();
  });

  test("a server that does not answer leaves a gap, not a zero", () => {
    const { record } = storm();
    const series = seriesOf(record, axisOf(record, 150));
    const killed = series.sendQueueP99.find(({ name }) => name === "server-2");
    expect(killed?.values.slice(12, 15)).toEqual([null, null, null]);
    expect(series.connections.find(({ name }) => name === "server-2")?.values.slice(12, 15)).toEqual([
      null,
      null,
      null,
    ]);
  });
});

test("G31: where the clients had stopped reporting, no event is unknown and not none", () => {
  const { record } = storm();
  const cut = {
    ...withConnections(record, []),
    ledger: { ...record.ledger, connections: [], untilMs: 20_000 },
  };
  const [line] = seriesOf(cut, axisOf(cut, 150)).reconnectsPerSecond;
  expect([line?.values[19], line?.values[20]]).toEqual([0, null]);
});

describe("G24, G26: balance", () => {
  test("clients' and server's counts at the end of each phase", () => {
    const { record, report } = storm();
    const { servers, ends } = balanceOf(record, report.phases);
    expect(servers).toEqual(["server-1", "server-2", "server-3"]);
    expect(ends[1]?.counts).toEqual([
      { server: 20, clients: 20 },
      { server: 20, clients: 20 },
      { server: 20, clients: 20 },
    ]);
    const last = ends.at(-1)?.counts.reduce((sum, { clients }) => sum + clients, 0);
    expect(last).toBe(60);
    const early = {
      ...record,
      samples: { ...record.samples, servers: record.samples.servers.filter(({ atMs }) => atMs < 3_000) },
    };
    expect(balanceOf(early, report.phases).ends.at(-1)?.counts[0]).toEqual({ clients: 17 });
  });
});

describe("E62: faults tell whether they had their effect", () => {
  test("observed, not observed, never injected, failed, not healed", () => {
    const { record } = storm();
    expect(faultStories(record).map(tellFault)).toEqual([
      "injected at 12.01 s, effect seen after 51 ms; healed at 15.39 s; ended 20 of its 20 connections (66 in all)",
      "injected at 28.01 s, effect seen after 845 ms; healed at 33.05 s; ended 3 of its 20 connections (62 in all)",
      "injected at 38.01 s, NO EFFECT SEEN; healed at 43.03 s; ended 0 of its 40 connections (60 in all)",
    ]);
    expect(faultStories(torn().record).map(tellFault)).toEqual(["never injected: the run ended first"]);
    const base = { kind: "fault", index: 0, fault: "kill", target: "server-2" } as const;
    const failed = {
      ...record,
      history: [
        { ...base, atMs: 5_000, step: "injecting" },
        { ...base, atMs: 5_002, step: "failed" },
      ],
    } as const;
    expect(faultStories(failed)[0]?.band).toBeUndefined();
    expect(tellFault(faultStories(failed)[0]!)).toBe("could not be injected at 5.00 s");
    const stuck = {
      ...record,
      history: (["injecting", "injected", "observed", "healing", "not-healed"] as const).map((step, n) => ({
        ...base,
        atMs: 12_000 + n * 1_000,
        step,
      })),
    };
    expect(tellFault(faultStories(stuck)[0]!)).toMatch(/NOT HEALED; ended 20 of its 23 connections/);
    expect(faultStories(stuck)[0]?.band?.toMs).toBe(record.durationMs);
  });
});

test("G30: what happened without being asked for stands out, with its last lines", () => {
  const alarming = happenings(storm().record).filter((one) => one.alarming);
  expect(alarming.map(({ what }) => what)).toEqual([
    "toxiproxy exited with code 2, which nobody asked for",
    "fault 3 cut server-3/postgres: not observed: the link still answered in 0.9 ms",
  ]);
  expect(alarming[0]?.lastLines?.[0]).toMatch(/^panic/);
});

test("G31: undecided things are counted: unanswered sends, notes of checks, a torn record", () => {
  const { record, report } = storm();
  const facts = undecidedFacts(report, record);
  expect(facts.map(({ what }) => what)).toEqual([
    "sends without an answer",
    "no-lost-message",
    "no-lost-message",
  ]);
  const nothing = undecidedFacts(torn().report, torn().record).map(({ what }) => what);
  expect(nothing).toEqual([
    "sends without an answer",
    "load engine",
    "the system's own store",
    "the record is torn",
    "the record is torn",
  ]);
});

test("G30: the commands name the run's folder, and an address keeps its secrets", () => {
  const { record } = calm();
  expect(reproductionOf(record, { dir: "runs/x" }).commands.map(({ command }) => command)).toEqual([
    "npx seaworthy run --plan runs/x/plan.json",
    "k6 run runs/x/k6-entry.ts",
    "npx seaworthy judge runs/x",
  ]);
  expect(
    tellTarget({
      kind: "external",
      urls: ["wss://joe:pass@chat.example/ws?token=abc#x"],
      connectHeaders: { passcode: "secret" },
      metricsUrls: [],
    }),
  ).toBe("external: wss://chat.example/ws?…");
});
