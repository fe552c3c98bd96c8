import { describe, expect, test } from "vitest";
import type { ConnectionEvent, Telemetry } from "../../scenarios/model/telemetry.ts";
import { Story } from "../testing/story.ts";
import { assemble, type RecordLines } from "./assemble.ts";
import type { Plan } from "./plan.ts";
import { BALANCED, type SubscriptionWindow } from "./run-record.ts";

type FlushLine = Extract<Telemetry, { type: "flush" }>;

const behindBalancer: Plan["target"] = {
  kind: "reference",
  instances: 3,
  defects: [],
  runAs: "processes",
  balancer: {
    program: "nginx",
    balance: "round-robin",
    idleTimeoutMs: 1,
    passesUpgrade: true,
    upstreamHttp: "1.1",
    forwardsHeaders: true,
    buffers: false,
    failsOver: true,
    deadServers: 0,
    connectionsMax: 0,
    defects: [],
  },
};

/** The same lines with each report changed. */
function flushes(lines: RecordLines, change: (flush: FlushLine) => FlushLine | []): RecordLines {
  return { ...lines, ledger: lines.ledger.flatMap((line) => (line.type === "flush" ? change(line) : line)) };
}

describe("C.2: until when a subscriber was surely there", () => {
  const heard = (how: Parameters<Story["close"]>[2]) => {
    const story = new Story();
    story.join(4, "a", 1_000);
    return story.close(4, 9_000, { silentMs: 700, ...how }).record().ledger.windows[0]?.heardMs;
  };

  test("who leaves with a code of its own was there to the end, though nothing came for a while", () => {
    expect(heard({ by: "self", code: 1_000 })).toBe(9_000);
  });

  test("who gave its peer up, was sent away or was cut off: until the last byte that came", () => {
    expect(heard({ by: "self", code: null })).toBe(8_300);
    expect(heard({ by: "peer", code: 1_012 })).toBe(8_300);
    expect(heard({ by: "unknown", code: null })).toBe(8_300);
  });

  test("whose end nobody told was there until it dialled again", () => {
    const story = new Story();
    story.join(4, "a", 1_000);
    story.join(4, "a", 6_000, 2);
    expect(story.due(4, 6_500, 2, 1).record().ledger.windows).toMatchObject([
      { attempt: 0, ended: "open", toMs: 5_996, heardMs: 5_996 },
      { attempt: 1, ended: "open", toMs: 22_000 },
    ]);
  });
});

describe("rule 3: what a subscriber's own reports do not tell", () => {
  /** Report 4 of an engine's part, from 4 to 6 s, is lost; the connection events in it are told by the one before. */
  const withHole = (lines: RecordLines): RecordLines => {
    const lost = lines.ledger.find((line): line is FlushLine => line.type === "flush" && line.sequence === 4);
    return flushes(lines, (flush) => {
      if (flush.sequence === 4) return [];
      if (flush.sequence !== 3) return flush;
      return { ...flush, connections: [...flush.connections, ...(lost?.connections ?? [])] };
    });
  };
  const unseen = (fromMs: number, toMs: number): SubscriptionWindow["unseen"] | undefined => {
    const story = new Story();
    story.join(4, "a", fromMs);
    return assemble(withHole(story.close(4, toMs).lines())).ledger.windows[0]?.unseen;
  };
  const hole = [{ fromMs: 4_000, toMs: 6_000 }];

  test("is a hole that its subscription lived in, however shortly", () => {
    expect(unseen(1_000, 9_000)).toEqual(hole);
    expect(unseen(5_999, 9_000)).toEqual(hole);
    expect(unseen(1_000, 4_001)).toEqual(hole);
  });

  test("and not one that ended as it began, or began as it ended", () => {
    expect(unseen(6_000, 9_000)).toEqual([]);
    expect(unseen(1_000, 4_000)).toEqual([]);
  });

  test("and not one of another part of the engine, which speaks for others", () => {
    const story = new Story();
    story.join(4, "a", 1_000);
    const { ledger, ...lines } = story.close(4, 9_000).lines();
    const other = withHole(new Story().lines()).ledger.map((line) => ({ ...line, vu: 2 }));
    const record = assemble({ ...lines, ledger: [...ledger, ...other] });
    expect(record.ledger.holes).toMatchObject([{ vu: 2 }]);
    expect(record.ledger.windows[0]?.unseen).toEqual([]);
  });
});

describe("where a subscriber was", () => {
  const placed = (plan: Partial<Plan>, change: (flush: FlushLine) => FlushLine = (flush) => flush) => {
    const story = new Story(plan);
    story.join(4, "a", 1_000);
    const { connections, windows } = assemble(flushes(story.lines(), change)).ledger;
    const dialled = connections.flatMap((event) => (event.what === "due" ? event.endpoint : []));
    return { dialled, server: windows[0]?.server };
  };
  const having =
    (change: (event: ConnectionEvent) => readonly ConnectionEvent[]) =>
    (flush: FlushLine): FlushLine => ({ ...flush, connections: flush.connections.flatMap(change) });

  test("is what CONNECTED named; behind a balancer only that is known", () => {
    expect(placed({})).toEqual({ dialled: [1], server: "server-2" });
    expect(placed({ target: behindBalancer })).toEqual({ dialled: [BALANCED], server: "server-2" });
    const elsewhere = having((event) => [
      event.what === "connected" ? { ...event, server: "server-3" } : event,
    ]);
    expect(placed({}, elsewhere).server).toBe("server-3");
  });

  test("is what it dialled where CONNECTED named none, and unknown where nobody told of CONNECTED", () => {
    const nameless = having((event) => {
      if (event.what !== "connected") return [event];
      const { server: _, ...rest } = event;
      return [rest];
    });
    expect(placed({}, nameless).server).toBe("server-2");
    expect(placed({ target: behindBalancer }, nameless).server).toBe("");
    expect(
      placed(
        {},
        having((event) => (event.what === "connected" ? [] : [event])),
      ).server,
    ).toBe("");
  });

  test("a subscription is told without an address, behind a balancer too", () => {
    const subscribed = (plan: Partial<Plan>) => {
      const story = new Story(plan);
      story.join(4, "a", 1_000);
      return story.record().ledger.connections.filter(({ what }) => what === "subscribed");
    };
    expect(subscribed({ target: behindBalancer })).toEqual(subscribed({}));
  });
});

describe("one row for each thing that happened", () => {
  test("a SEND that was told twice is one, as it was told first", () => {
    const story = new Story().send(1, 0, "a", 1_000).send(1, 1, "a", 2_000).send(1, 1, "b", 3_000, null);
    expect(story.record().ledger.sends.get(1)).toMatchObject([
      { slot: 0 },
      { slot: 1, destination: "/app/chat.send/a", sentMs: 2_000 },
    ]);
  });

  test("of several answers to a SEND the earliest counts, of one moment the first that was told", () => {
    const answered = (...answers: readonly [atMs: number, outcome: "c" | "r"][]) => {
      const lines = new Story().send(1, 0, "a", 1_000, null).lines();
      const outcomes = answers.map(([atMs, outcome]) => [1, 0, atMs, outcome] as const);
      const told = flushes(lines, (flush) => (flush.sequence === 1 ? { ...flush, outcomes } : flush));
      return assemble(told).ledger.sends.get(1)?.[0];
    };
    expect(answered([1_020, "r"], [1_010, "c"])).toMatchObject({ outcome: "confirmed", outcomeMs: 1_010 });
    expect(answered([1_010, "r"], [1_010, "c"])).toMatchObject({ outcome: "rejected", outcomeMs: 1_010 });
  });

  test("of several ends of one connection the first counts", () => {
    const story = new Story();
    story.join(4, "a", 1_000);
    story.close(4, 9_000, { code: 1_012, by: "peer" }).close(4, 9_500, { code: 1_000, by: "self" });
    expect(story.record().ledger.windows).toMatchObject([{ toMs: 9_000, ended: "peer" }]);
  });

  test("a second in which nothing was measured is no row; one with nothing but values below zero is", () => {
    const nothing = { buckets: [], minUs: 0, maxUs: 0 };
    const below = { buckets: [], negative: 2, minUs: -5, maxUs: -3 };
    const rows = [nothing, below].map(
      (data, second) => ({ metric: "delivery", role: "x", second, data }) as const,
    );
    const lines = flushes(new Story().lines(), (flush) =>
      flush.sequence === 1 ? { ...flush, histograms: rows } : flush,
    );
    expect([...(assemble(lines).ledger.histograms.get("delivery")?.get("x") ?? [])]).toEqual([[1, below]]);
  });

  test("the slowest come first, of equally slow ones by publisher and slot", () => {
    const story = new Story()
      .slow(300, 0, 1, 9, 5_000)
      .slow(500, 0, 2, 1, 5_000)
      .slow(300, 0, 1, 4, 5_000)
      .slow(300, 0, 0, 9, 5_000)
      .slow(400, 0, 3, 0, 5_000);
    expect(
      story.record().ledger.slowest.map(({ latencyMs, publisher, slot }) => [latencyMs, publisher, slot]),
    ).toEqual([
      [500, 2, 1],
      [400, 3, 0],
      [300, 0, 9],
      [300, 1, 4],
      [300, 1, 9],
    ]);
  });

  test("counts come by time, of one moment by the part of the engine", () => {
    const { ledger, ...lines } = new Story().ended({ how: "completed" }, 2_000).lines();
    const all = [2, 1].flatMap((vu) => ledger.map((line) => ({ ...line, vu })));
    expect(assemble({ ...lines, ledger: all }).ledger.counts.map(({ atMs, vu }) => [atMs, vu])).toEqual([
      [1_000, 1],
      [1_000, 2],
      [2_000, 1],
      [2_000, 2],
    ]);
  });

  test("gauges come by time, of one moment by the part of the engine", () => {
    const { ledger, ...lines } = new Story().ended({ how: "completed" }, 1_000).lines();
    const all = [2, 1].flatMap((vu) =>
      ledger.map((line) => ({ ...line, vu, gauges: { connected: 10 * vu } })),
    );
    expect(assemble({ ...lines, ledger: all }).ledger.gauges.map(({ values }) => values.connected)).toEqual([
      10, 30,
    ]);
  });
});

test("what a second counted stays with that second, also where it was told in several lines", () => {
  const flush = (sequence: number, atMs: number, counts: Record<string, number>): FlushLine =>
    ({ ...emptyFlush, sequence, atMs, counts }) as FlushLine;
  const story = new Story().lines();
  const lines = [
    flush(0, 1_000, {}),
    flush(1, 2_003, {}),
    flush(2, 2_003, { missedLate: 7 }),
    flush(3, 3_000, {}),
  ];
  const { counts } = assemble({ ...story, ledger: lines }).ledger;
  expect(counts.map(({ sinceMs, atMs }) => [sinceMs, atMs])).toEqual([
    [0, 1_000],
    [1_000, 2_003],
    [1_000, 2_003],
    [2_003, 3_000],
  ]);
});

const emptyFlush = {
  type: "flush",
  vu: 1,
  connections: [],
  sends: [],
  outcomes: [],
  received: [],
  oddities: [],
  histograms: [],
  gauges: {},
  slowest: [],
};
