import { expect, test } from "vitest";
import { Story } from "../testing/story.ts";
import { assemble } from "./assemble.ts";

test("C.2: a subscription's window is from its receipt to the end of its connection", () => {
  const story = new Story();
  const first = story.join(4, "a", 1_000);
  story.close(4, 5_000, { silentMs: 700 });
  const second = story.join(4, "a", 6_000, 2);
  story.leave(4);
  const third = story.join(5, "b", 2_000);
  const { windowOf } = story.record().ledger;
  expect(windowOf.get(first)).toEqual({
    subscription: first,
    client: 4,
    attempt: 0,
    destination: "/topic/room.a",
    endpoint: 1,
    server: "server-2",
    askedMs: 998,
    fromMs: 1_000,
    toMs: 5_000,
    ended: "unknown",
    heardMs: 4_300,
    unseen: [],
  });
  expect(windowOf.get(second)).toMatchObject({
    attempt: 1,
    server: "server-3",
    toMs: 22_000,
    ended: "self",
    heardMs: 22_000,
  });
  expect(windowOf.get(third)).toMatchObject({ ended: "open", toMs: 22_050 });
});

test("a receipt confirms, an ERROR rejects, silence is unknown", () => {
  const story = new Story()
    .send(1, 2, "a", 3_000, "r")
    .send(1, 0, "a", 1_000)
    .send(1, 1, "a", 2_990, "c", 40)
    .send(1, 3, "a", 4_000, null);
  expect(
    story
      .record()
      .ledger.sends.get(1)
      ?.map(({ slot, outcome, outcomeMs }) => [slot, outcome, outcomeMs]),
  ).toEqual([
    [0, "confirmed", 1_005],
    [1, "confirmed", 3_030],
    [2, "rejected", 3_005],
    [3, "unknown", undefined],
  ]);
});

test("what was received adds up over the flushes, repeats and all", () => {
  const story = new Story()
    .receive(0, 7, 4, 6, 1_000)
    .receive(0, 7, 4, 9, 2_000)
    .receive(0, 7, 12, 12, 3_000)
    .receive(1, 7, 1, 1, 3_000);
  const { received } = story.record().ledger;
  expect(received.get(0)?.get(7)).toEqual([4, 9, 12, 12]);
  expect(received.get(1)?.get(7)).toEqual([1, 1]);
});

test("deltas of one second's histogram add up exactly", () => {
  const story = new Story().measure("delivery", 3_000, 10, 5).measure("delivery", 3_900, 20, 5);
  const data = story.record().ledger.histograms.get("delivery")?.get("member")?.get(3);
  expect(data).toMatchObject({ minUs: 10_000, maxUs: 20_000 });
  expect(data?.buckets.filter((_, i) => i % 2 === 1)).toEqual([5, 5]);
});

test("a hole in the reports is named, with the time that it covers", () => {
  const record = new Story().loseFlush(4).loseFlush(5).record();
  expect(record.ledger.holes).toEqual([
    { vu: 1, fromSequence: 4, toSequence: 5, fromMs: 4_000, toMs: 7_000 },
  ]);
  expect(record.torn).toEqual(["VU 1: 2 of its reports are missing between 4000 and 7000 ms"]);
});

test("a report that came twice counts once", () => {
  const lines = new Story().send(1, 0, "a", 1_000).count("sent", 1_000, 1).lines();
  const twice = assemble({
    ...lines,
    ledger: [...lines.ledger, ...lines.ledger.filter(({ type }) => type === "flush")],
  });
  expect(twice).toEqual(assemble(lines));
});

test("the order of the lines does not matter", () => {
  const story = new Story().fitGenerator().send(1, 0, "a", 1_000).receive(0, 1, 0, 0, 1_000);
  story.join(0, "a", 500);
  const lines = story.lines();
  expect(assemble({ ...lines, ledger: lines.ledger.toReversed() })).toEqual(assemble(lines));
});

test("a whole record has nothing torn, one without an end says so", () => {
  expect(new Story().record()).toMatchObject({ torn: [], ended: { how: "completed" }, durationMs: 22_200 });
  expect(new Story().ended(undefined, 9_000).record()).toMatchObject({
    torn: ["nobody wrote how the run ended: the harness itself died"],
    ended: { how: "torn" },
    durationMs: 9_000,
  });
});

test("a run that went without ever a report says so", () => {
  const lines = new Story().lines();
  expect(assemble({ ...lines, ledger: [] }).torn).toContain("the load never reported");
});

test("gauges add up over the VUs, with the last word of each", () => {
  const lines = new Story().ended({ how: "completed" }, 2_000).lines();
  const flush = lines.ledger.find((line) => line.type === "flush");
  if (flush?.type !== "flush") throw new Error("no flush");
  const say = (vu: number, sequence: number, atMs: number, connected: number) => ({
    ...flush,
    vu,
    sequence,
    atMs,
    gauges: { connected },
  });
  const { gauges, untilMs } = assemble({
    ...lines,
    ledger: [say(1, 0, 1_000, 10), say(2, 0, 1_010, 5), say(1, 1, 2_000, 11)],
  }).ledger;
  expect(gauges.map(({ atMs, values }) => [atMs, values.connected])).toEqual([
    [1_000, 10],
    [1_010, 15],
    [2_000, 16],
  ]);
  expect(untilMs).toBe(1_010);
});

test("D1: a destination's histogram adds up over the engine's parts, or is not there", () => {
  const lines = new Story().lines();
  const flush = lines.ledger.find((line) => line.type === "flush");
  if (flush?.type !== "flush") throw new Error("no flush");
  const of = (destination: string, valueUs: number) => ({
    metric: "delivery",
    role: `role-${valueUs}`,
    destination,
    second: 3,
    data: { buckets: [valueUs, 1], minUs: valueUs, maxUs: valueUs },
  });
  const { histograms, byDestination } = assemble({
    ...lines,
    ledger: [
      { ...flush, vu: 1, sequence: 0, histograms: [of("/topic/a", 1), of("/topic/b", 1), of("/topic/c", 1)] },
      // Part 2 had too many to name them all: what it says of /topic/c is in the rest.
      { ...flush, vu: 2, sequence: 0, histograms: [of("/topic/a", 1), of("/topic/b", 1), of("*", 1)] },
      { ...flush, vu: 3, sequence: 0, histograms: [of("/topic/a", 2)] },
    ],
  }).ledger;
  const delivery = byDestination.get("delivery");
  expect([...(delivery?.keys() ?? [])]).toEqual(["/topic/a", "/topic/b"]);
  expect(delivery?.get("/topic/a")?.get(3)).toEqual({ buckets: [1, 2, 2, 1], minUs: 1, maxUs: 2 });
  const total = [...(histograms.get("delivery")?.values() ?? [])]
    .flatMap((seconds) => [...seconds.values()])
    .flatMap(({ buckets }) => buckets.filter((_, i) => i % 2 === 1))
    .reduce((sum, count) => sum + count, 0);
  expect(total).toBe(7);
});

test("bad luck: telemetry that came late, in pieces, out of order and twice is the same record", () => {
  const story = new Story().fitGenerator();
  const subscription = story.join(1, "a", 500);
  for (let slot = 0; slot < 15; slot++)
    story.send(7, slot, "a", 3_000 + slot * 1_000).receive(subscription, 7, slot, slot, 3_001 + slot * 1_000);
  const lines = story.leave(1).lines();
  const late = [...lines.ledger.filter((_, i) => i % 3 === 0), ...lines.ledger.filter((_, i) => i % 3 !== 0)];
  const flushes = lines.ledger.filter(({ type }) => type === "flush").toReversed();
  expect(assemble({ ...lines, ledger: [...late, ...flushes] })).toEqual(assemble(lines));
});

test("bad luck: where the load was cut off the record ends, and says so", () => {
  const story = new Story();
  const subscription = story.join(1, "a", 500);
  for (let slot = 0; slot < 15; slot++)
    story.send(7, slot, "a", 3_000 + slot * 1_000).receive(subscription, 7, slot, slot, 3_001 + slot * 1_000);
  const lines = story.lines();
  const cut = lines.ledger.filter(
    (line) => line.type === "hello" || (line.type === "flush" && line.atMs <= 9_000),
  );
  const record = assemble({ ...lines, ledger: cut });
  expect(record.torn).toEqual(["VU 1 never said bye"]);
  expect(record.ledger.untilMs).toBe(9_000);
  expect(record.ledger.windows).toMatchObject([{ ended: "open", toMs: 9_000, heardMs: 9_000 }]);
});

test("every sample is found under who took it, by time; where no probe ran there is none", () => {
  const story = new Story().server(2_000, "server-1", { up: 1 }).machine(3_000).machine(1_000);
  const { samples } = story.record();
  expect(samples.servers.map(({ kind, atMs }) => [kind, atMs])).toEqual([["server", 2_000]]);
  expect(samples.machine.map(({ kind, atMs }) => [kind, atMs])).toEqual([
    ["machine", 1_000],
    ["machine", 3_000],
  ]);
  expect(samples).not.toHaveProperty("probe");
  const probed = story.probe(4_000, 30, 5).record().samples;
  expect(probed.probe?.map(({ kind }) => kind)).toEqual(["probe"]);
});

test("time zero is when the run went; one that never went has none, and owes no report", () => {
  const lines = new Story().lines();
  expect(assemble(lines).startEpochMs).toBe(1_795_330_000_000);
  const history = lines.history.filter((event) => event.kind !== "run" || event.what !== "go");
  const never = assemble({ ...lines, history, ledger: [] });
  expect(never).not.toHaveProperty("startEpochMs");
  expect(never.torn).toEqual([]);
});

test("an end that does not say how is none", () => {
  const lines = new Story().lines();
  const history = lines.history.map((event) =>
    event.kind === "run" && event.what === "ended"
      ? { kind: event.kind, atMs: event.atMs, what: event.what }
      : event,
  );
  expect(assemble({ ...lines, history }).ended).toEqual({ how: "torn" });
});

test("a part of the engine that said hello and nothing more is named, unless nobody ever reported", () => {
  const lines = new Story().lines();
  const hello = { type: "hello", engine: "k6", vu: 2, clients: 3 } as const;
  expect(assemble({ ...lines, ledger: [...lines.ledger, hello] }).torn).toContain(
    "VU 2 said hello and never reported",
  );
  const silent = assemble({ ...lines, ledger: [hello] }).torn;
  expect(silent).toContain("the load never reported");
  expect(silent).not.toContain("VU 2 said hello and never reported");
});
