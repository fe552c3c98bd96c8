import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { LoadEngine } from "../../reports/record/plan.ts";
import { emptyHistogram, type Histogram, merge, percentile } from "../../scenarios/model/histogram.ts";
import type { HistogramName } from "../../scenarios/model/metrics.ts";
import { dueMs, intendedMs, slotsOf } from "../../scenarios/model/schedule.ts";
import type { Flush } from "../../scenarios/model/telemetry.ts";
import ramps from "../../scenarios/ramp.ts";
import {
  type Asked,
  connections,
  flushes,
  type LoadRun,
  runFolders,
  startLoad,
  startStompServer,
  total,
} from "./fixtures/load-run.test-support.ts";
import mixed from "./fixtures/mixed-engines.ts";

const { folder, runDir } = runFolders();

const small = { clients: 30, roomSize: 10, rampMs: 300, holdMs: 5_000, publishEveryMs: 250, drainMs: 2_500 };

function start(
  engine: LoadEngine,
  port: number,
  asked: Omit<Asked, "endpoints" | "engine">,
): Promise<LoadRun> {
  const endpoints = [`ws://127.0.0.1:${port}/ws`];
  return startLoad(runDir(), { ...asked, engine, endpoints });
}

/** The two engines' clocks are each fixed to the wall clock at an edge of a millisecond. */
const CLOCK_ERROR_US = 2_000;
/** A generator whose loop was later than this stalled: its latencies are its own. */
const STALLED_US = 20_000;

describe("the two engines agree", () => {
  test("C2, rule 1: ramp: the same sends, confirmations, deliveries and connections, to the last one", async () => {
    const k6 = await ramp("k6");
    const native = await ramp("native");
    expect(native.connections).toEqual(k6.connections);
    for (const { sends, missed, confirmed } of [k6, native]) {
      // What the plan wanted was sent once, or is counted as missed by a client that this machine held up.
      expect([...sends.keys()].filter((key) => !k6.planned.has(key))).toEqual([]);
      expect(sends.size + missed).toBe(k6.planned.size);
      expect(confirmed).toEqual([...sends.keys()].sort());
    }
    // From here on everybody was there in both runs.
    const fromMs = Math.max(k6.allThereMs, native.allThereMs);
    const later = [...k6.planned].filter(([, intendedMs]) => intendedMs >= fromMs).map(([key]) => key);
    const both = later.filter((key) => k6.sends.has(key) && native.sends.has(key));
    if (k6.missedLate + native.missedLate === 0) expect(both).toEqual(later);
    expect(both.length).toBeGreaterThan(200);
    const owed = both.flatMap((key) => roomOfPublisher(key).map((client) => `${client}/${key}`)).sort();
    for (const { received } of [k6, native]) expect(owed.filter((key) => !received.has(key))).toEqual([]);

    // Latency says something about the engines only where neither of them, nor the machine under them, stood still.
    const isCalm = [k6, native].every(({ loopLag }) => (percentile(loopLag, 0.99) as number) < STALLED_US);
    if (isCalm) {
      const [one, other] = [k6, native].map(({ delivery }) => percentile(delivery, 0.5) as number);
      // Beside the clocks' error each engine's own delay: k6's timers fire 0.4 to 6 ms late, Node's up to 2 ms.
      expect(Math.abs((one as number) - (other as number))).toBeLessThan(CLOCK_ERROR_US + 10_000);
    }
    for (const { delivery } of [k6, native]) {
      if (delivery.negative > 0) expect(delivery.minUs).toBeGreaterThan(-CLOCK_ERROR_US);
    }
  });

  test("C7: storm: after a killed server both connect again, at the times that the seed gives", async () => {
    const k6 = await storm("k6");
    const native = await storm("native");
    expect(native.closed).toEqual(k6.closed);
    expect(native.closed).toHaveLength(12);
    expect(native.delays).toHaveLength(12);
    for (const [i, [client, delayMs]] of native.delays.entries()) {
      const [sameClient, sameDelayMs] = k6.delays[i] as [number, number];
      expect(client).toBe(sameClient);
      // Drawn by the seed, to be added to the moment of the loss; rounded to µs twice.
      expect(Math.abs(delayMs - sameDelayMs)).toBeLessThan(0.01);
    }
  });
});

async function ramp(engine: LoadEngine) {
  await using server = await startStompServer();
  await using run = await start(engine, server.port, { params: small });
  expect(await run.load.finished).toMatchObject({ how: "bye", code: 0, engine });
  const { lines } = run;
  const told = await server.tell();
  const sends = flushes(lines).flatMap((flush) => flush.sends);
  const outcomes = flushes(lines).flatMap((flush) => flush.outcomes);
  expect(lines.filter((line) => line.type === "error")).toEqual([]);
  expect(lines[0]).toEqual({ type: "hello", engine, vu: 1, clients: 30 });
  expect(lines.at(-1)).toMatchObject({ type: "bye", abandoned: 0 });
  expect(flushes(lines).flatMap((flush) => flush.oddities)).toEqual([]);
  // What it reports is what the server saw.
  expect(sends).toHaveLength(told.sends);
  expect(total(lines, "deliveries")).toBe(told.deliveries);
  expect(outcomes).toHaveLength(told.receipts);
  const { connects, attempts, disconnects, badTokens, protocols, origins, closeCodes } = told;
  return {
    connections: {
      server: { connects, attempts, disconnects, badTokens, protocols, origins, closeCodes },
      closed: connections(lines, "closed")
        .map(({ client, attempt, code, by }) => `${client}/${attempt} ${code} ${by}`)
        .sort(),
    },
    planned: plannedSlots(run),
    sends: new Map(sends.map(([publisher, slot, , intended]) => [`${publisher}#${slot}`, intended])),
    missed: total(lines, "missedOffline") + total(lines, "missedLate"),
    missedLate: total(lines, "missedLate"),
    confirmed: outcomes.map(([publisher, slot]) => `${publisher}#${slot}`).sort(),
    allThereMs: Math.max(...connections(lines, "subscribed").map(({ atMs }) => atMs)),
    received: new Set(receivedBy(run)),
    delivery: histogramOf(run, "delivery"),
    loopLag: histogramOf(run, "loopLag"),
  };
}

/** `publisher#slot` to its intended time, for every slot of the plan. */
function plannedSlots({ plan }: LoadRun): Map<string, number> {
  const { load } = ramps.roles(plan.scenario.params).chatter!;
  const all = new Map<string, number>();
  for (let client = 0; client < plan.clients; client++) {
    const slots = slotsOf({
      seed: plan.seed,
      client,
      everyMs: plan.scenario.params.publishEveryMs as number,
      dueMs: dueMs(load, client),
      untilMs: plan.timing.publishUntilMs,
    });
    for (let slot = slots.first; slot < slots.end; slot++)
      all.set(`${client}#${slot}`, intendedMs(slots, slot));
  }
  return all;
}

function roomOfPublisher(key: string): number[] {
  const first = Math.floor(Number.parseInt(key, 10) / small.roomSize) * small.roomSize;
  return Array.from({ length: small.roomSize }, (_, i) => first + i);
}

/** The next flush that shows it. */
async function flushWhere(run: LoadRun, holds: (flush: Flush) => boolean): Promise<Flush> {
  const before = flushes(run.lines).length;
  const later = () => flushes(run.lines).slice(before);
  await run.until("a flush that shows it", () => later().some(holds));
  return later().find(holds)!;
}

async function storm(engine: LoadEngine) {
  await using first = await startStompServer();
  await using second = await startStompServer();
  const endpoints = [first, second].map(({ port }) => `ws://127.0.0.1:${port}/ws`);
  await using run = await startLoad(runDir(), {
    engine,
    endpoints,
    params: { ...small, clients: 24, holdMs: 120_000, publishEveryMs: 1_000 },
  });
  await flushWhere(run, (flush) => flush.gauges.subscribed === 24);
  await first.kill();
  await flushWhere(
    run,
    () => connections(run.lines, "connected").filter(({ attempt }) => attempt === 1).length === 12,
  );
  run.load.stop(0);
  expect(await run.load.finished).toMatchObject({ how: "bye", code: 0 });
  const dropped = connections(run.lines, "closed").filter(
    ({ attempt, endpoint }) => attempt === 0 && endpoint === 0,
  );
  const due = connections(run.lines, "due").filter(({ attempt }) => attempt === 1);
  return {
    closed: dropped.map(({ client, code, by, server }) => `${client} ${code} ${by} ${server}`).sort(),
    delays: due
      .map(({ client, atMs }) => {
        const end = dropped.find((close) => close.client === client);
        return [client, atMs - (end?.atMs ?? Number.NaN)] as const;
      })
      .sort(([a], [b]) => a - b),
  };
}

describe("the native engine", () => {
  test("D11, C7: every way a connection can end is told as k6 tells it", async () => {
    await using server = await startStompServer();
    await using run = await start("native", server.port, {
      params: { ...small, clients: 12, holdMs: 120_000, reconnect: "fixed" },
    });
    const back = async (attempt: number) => {
      await flushWhere(
        run,
        () => connections(run.lines, "subscribed").filter((event) => event.attempt === attempt).length === 12,
      );
    };
    await back(0);
    server.order({ do: "close", code: 4001, reason: "kicked" });
    await back(1);
    server.order({ do: "fin" });
    await back(2);
    server.order({ do: "rst" });
    await back(3);
    await server.kill();
    await flushWhere(run, () => connections(run.lines, "failed").length >= 12);
    run.load.stop(0);
    expect(await run.load.finished).toMatchObject({ how: "bye", code: 0 });
    const ends = (attempt: number) =>
      new Set(
        connections(run.lines, "closed")
          .filter((event) => event.attempt === attempt)
          .map(({ code, by, reason }) => `${code} ${by} ${reason}`),
      );
    expect(ends(0)).toEqual(new Set(["4001 peer kicked"]));
    expect(ends(1)).toEqual(new Set(["null unknown unexpected EOF"]));
    expect(ends(2)).toEqual(new Set(["null unknown read: connection reset by peer"]));
    expect(
      [...ends(3)].every((end) => /^null unknown (unexpected EOF|read: connection reset by peer)$/.test(end)),
    ).toBe(true);
    for (const { reason } of connections(run.lines, "failed")) expect(reason).toMatch(/connection refused/);
  });

  test("it is gone soon after the end though its server is frozen, and the record is whole", async () => {
    await using server = await startStompServer();
    await using run = await start("native", server.port, {
      params: { ...small, clients: 10, holdMs: 60_000 },
    });
    await run.until(
      "all there, and deliveries",
      (lines) => connections(lines, "subscribed").length === 10 && total(lines, "deliveries") > 0,
    );
    process.kill(server.pid, "SIGSTOP");
    run.load.stop(100);
    expect((await run.load.finished).how).toBe("bye");
    expect(run.lines.at(-1)).toMatchObject({ type: "bye", abandoned: 10 });
    expect(connections(run.lines, "closed").map(({ code, by, reason }) => `${code} ${by} ${reason}`)).toEqual(
      new Array(10).fill("null self no answer to DISCONNECT within 5 s"),
    );
  });

  test("a handshake that is never answered neither blocks the others nor keeps it alive", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    await using server = await startStompServer();
    const { port } = silent.address() as { port: number };
    await using run = await startLoad(runDir(), {
      engine: "native",
      params: { ...small, clients: 20, holdMs: 2_500 },
      endpoints: [`ws://127.0.0.1:${server.port}/ws`, `ws://127.0.0.1:${port}/ws`],
    });
    expect((await run.load.finished).how).toBe("bye");
    silent.close();
    expect(connections(run.lines, "closed")).toHaveLength(10);
    expect(new Set(connections(run.lines, "failed").map(({ reason }) => reason))).toEqual(
      new Set(["the run ended"]),
    );
    expect(total(run.lines, "deliveries")).toBeGreaterThan(0);
  });

  test("killed in the middle it is told as died, and what it had reported is there", async () => {
    await using server = await startStompServer();
    await using run = await start("native", server.port, { params: { ...small, holdMs: 60_000 } });
    await flushWhere(run, (flush) => (flush.counts.deliveries ?? 0) > 0);
    process.kill(run.load.pids.native!, "SIGKILL");
    expect(await run.load.finished).toEqual({ how: "died", code: null, engine: "native" });
    expect(run.events.at(-1)).toBe("lost: exit SIGKILL");
  });

  test("SW_LOAD_FAILED: a scenario that it cannot read is reported with its own words", async () => {
    await using run = await start("native", 9, {
      scenario: { name: path.join(folder(), "missing.ts"), like: mixed },
      held: true,
    });
    await expect(run.load.ready).rejects.toMatchObject({
      code: "SW_LOAD_FAILED",
      message: expect.stringContaining("missing.ts"),
    });
  });

  test("its entry may hold credentials: only the owner reads it", async () => {
    await using run = await start("native", 9, { params: small, held: true });
    await run.load.ready;
    const file = path.join(run.runDir, "native-entry.mjs");
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect(await readFile(file, "utf8")).toContain("await playNative(scenario, config, import.meta.url);");
  });
});

test("C11, E10: both engines in one run keep the plan's numbers; who does not read gets it all later and is not blamed on the server", {
  tags: "timed",
}, async () => {
  const file = path.join(import.meta.dirname, "fixtures", "mixed-engines.ts");
  await using server = await startStompServer({ beatMs: 500 });
  // Beats of 10 s × 0.05: a reader that could complain of silence would do so after 1 s.
  await using run = await start("k6", server.port, {
    timeScale: 0.05,
    scenario: { name: file, like: mixed },
  });
  const slow = await flushWhere(run, (flush) =>
    flush.histograms.some(({ metric, role }) => metric === "slowDelivery" && role === "sleeper"),
  );
  expect(slow.vu).toBe(2);
  run.load.stop(500);
  expect(await run.load.finished).toMatchObject({ how: "bye", code: 0 });
  const hellos = run.lines.filter((line) => line.type === "hello").sort((a, b) => a.vu - b.vu);
  expect(hellos).toEqual([
    { type: "hello", engine: "k6", vu: 1, clients: 2 },
    { type: "hello", engine: "native", vu: 2, clients: 1 },
  ]);
  const told = await server.tell();
  expect(told.connects).toBe(3);
  expect(total(run.lines, "deliveries")).toBe(told.deliveries);
  // Of k6's two whoever was there first has the first; no two of the run are the same.
  const numbers = new Map(
    connections(run.lines, "subscribed").map(({ client, subscription }) => [client, subscription]),
  );
  expect([[numbers.get(0), numbers.get(1)].sort(), numbers.get(2)]).toEqual([[0, 2], 1]);
  const publishers = new Set(
    flushes(run.lines).flatMap(({ sends }) => sends.map(([publisher]) => publisher)),
  );
  expect([...publishers].sort()).toEqual([0, 1]);
  expect(connections(run.lines, "closed").map(({ code, by }) => `${code} ${by}`)).toEqual(
    new Array(3).fill("1000 self"),
  );
  // Judged latency is that of those who read.
  const roles = flushes(run.lines).flatMap(({ histograms }) =>
    histograms.filter(({ metric }) => metric === "delivery").map(({ role }) => role),
  );
  expect(new Set(roles)).toEqual(new Set(["talker"]));
});

/** `client/publisher#from-to` merged over flushes. */
function receivedBy(run: LoadRun): string[] {
  const owner = new Map(
    connections(run.lines, "subscribed").map((event) => [event.subscription, event.client]),
  );
  const keys = flushes(run.lines)
    .flatMap((flush) => flush.received)
    .flatMap(([subscription, publisher, from, to]) =>
      Array.from({ length: to - from + 1 }, (_, i) => `${owner.get(subscription)}/${publisher}#${from + i}`),
    );
  return [...new Set(keys)].sort();
}

function histogramOf(run: LoadRun, metric: HistogramName): Histogram {
  const all = emptyHistogram();
  for (const flush of flushes(run.lines)) {
    for (const one of flush.histograms) if (one.metric === metric) merge(all, one.data);
  }
  return all;
}
