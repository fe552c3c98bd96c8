import { execFile } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { backoffDelayMs, backoffs } from "../../scenarios/model/backoff.ts";
import { random } from "../../scenarios/model/random.ts";
import { dueMs, intendedMs, slotsOf } from "../../scenarios/model/schedule.ts";
import ramp from "../../scenarios/ramp.ts";
import { findTools } from "../provision/tools.ts";
import {
  connections,
  flushes,
  type LoadRun,
  startLoad,
  startStompServer,
  total,
} from "./fixtures/load-run.test-support.ts";

let folder = "";
let runs = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "seaworthy-load-"));
});
afterAll(() => rm(folder, { recursive: true }));

function runDir(): string {
  return path.join(folder, `run-${runs++}`);
}

function endpoint(port: number): string {
  return `ws://127.0.0.1:${port}/ws`;
}

const small = { clients: 30, roomSize: 10, rampMs: 300, holdMs: 4_200, publishEveryMs: 250, drainMs: 600 };

test("C2, rules 1 and 3: k6 sends exactly what the plan says, and what it reports is what the server saw, delivery by delivery", async () => {
  await using server = await startStompServer({ beatMs: 1_000 });
  // The drain is longer than a heart-beat, so every client must send one.
  const params = { ...small, drainMs: 1_600 };
  await using run = await startLoad(runDir(), { params, endpoints: [endpoint(server.port)] });
  expect(await run.load.finished).toEqual({ how: "bye", code: 0 });
  const told = await server.tell();
  const { lines } = run;

  expect(lines[0]).toEqual({ type: "hello", engine: "k6", vu: 1, clients: 30 });
  expect(lines.at(-1)).toMatchObject({ type: "bye", abandoned: 0 });
  expect(lines.filter((line) => line.type === "error")).toEqual([]);
  expect(flushes(lines).map((flush) => flush.sequence)).toEqual(flushes(lines).map((_, index) => index));

  // The handshake: sub-protocol, Origin, a token whose signature and claims hold.
  expect(told).toMatchObject({
    connects: 30,
    attempts: { "0": 30 },
    disconnects: 30,
    badTokens: 0,
    origins: ["https://app.example.com"],
    protocols: ["v12.stomp"],
  });
  expect(told.closeCodes).toEqual(new Array(30).fill(1000));

  // Every slot of the plan was sent once, at its time.
  const sends = flushes(lines).flatMap((flush) => flush.sends);
  const sent = sends.map(([publisher, slot, , intended]) => `${publisher}#${slot}@${intended}`).sort();
  expect(sent).toEqual(plannedSlots(run).sort());
  expect(sends.length).toBe(told.sends);
  expect(total(lines, "missedOffline") + total(lines, "missedLate")).toBe(0);
  for (const [, , , intended, actual] of sends) expect(actual).toBeGreaterThanOrEqual(intended);

  const outcomes = flushes(lines).flatMap((flush) => flush.outcomes);
  expect(outcomes.map(([publisher, slot, , how]) => `${publisher}#${slot}${how}`).sort()).toEqual(
    sends.map(([publisher, slot]) => `${publisher}#${slot}c`).sort(),
  );

  // Every message reached the ten members of its room, each once and in order.
  expect(total(lines, "deliveries")).toBe(told.deliveries);
  expect(told.deliveries).toBe(10 * told.sends);
  expect(received(run)).toEqual(expectedReceipts(run));
  expect(flushes(lines).flatMap((flush) => flush.oddities)).toEqual([]);
  expect(total(lines, "ordered")).toBe(told.deliveries - 30);

  // Heart-beats both ways: mine are 10 s × 0.1, the server's 1 s.
  expect(told.beats).toBeGreaterThanOrEqual(30);
  expect(total(lines, "heartbeatsOut")).toBe(told.beats);

  const closed = connections(lines, "closed");
  expect(closed.map(({ code, by, server }) => ({ code, by, server }))).toEqual(
    new Array(30).fill({ code: 1000, by: "self", server: "test-1" }),
  );
  const all = histogram(run, "delivery");
  expect(all.total).toBe(told.deliveries);
  expect(all.negative).toBe(0);
});

test("D11, C7: every way a connection can end is told apart, and each client comes back on its back-off", async () => {
  await using first = await startStompServer();
  const params = { ...small, clients: 12, holdMs: 60_000, reconnect: "fixed" };
  await using run = await startLoad(runDir(), { params, endpoints: [endpoint(first.port)] });
  const all = run.flushWhere((flush) => flush.gauges.subscribed === 12);
  await all;
  const back = async (attempt: number) => {
    await run.flushWhere(
      () => connections(run.lines, "connected").filter((e) => e.attempt === attempt).length === 12,
    );
    await run.flushWhere((flush) => flush.gauges.subscribed === 12);
  };
  first.order({ do: "close", code: 4001, reason: "kicked" });
  await back(1);
  first.order({ do: "fin" });
  await back(2);
  first.order({ do: "rst" });
  await back(3);
  await first.kill();
  // Refused until the server is there again, on the same port.
  await run.flushWhere(() => connections(run.lines, "failed").length >= 12);
  await using second = await startStompServer({ port: first.port });
  await run.flushWhere((flush) => flush.gauges.subscribed === 12);
  expect((await second.tell()).connects).toBe(12);
  run.load.stop(0);
  await run.load.finished;

  const ends = (attempt: number) =>
    new Set(
      connections(run.lines, "closed")
        .filter((event) => event.attempt === attempt)
        .map(({ code, by, reason }) => `${code} ${by} ${reason}`),
    );
  expect(ends(0)).toEqual(new Set(["4001 peer kicked"]));
  expect([...ends(1)].every((end) => /^null unknown .*(EOF|without a close frame)?/.test(end))).toBe(true);
  expect([...ends(2)].every((end) => end.startsWith("null unknown"))).toBe(true);
  expect([...ends(3)].every((end) => end.startsWith("null unknown"))).toBe(true);
  for (const { reason } of connections(run.lines, "failed")) expect(reason).toMatch(/connection refused/);

  // `fixed`: one second after each end, of an open connection as of a refused one.
  const endedAt = new Map(
    [...connections(run.lines, "closed"), ...connections(run.lines, "failed")].map((event) => [
      `${event.client}/${event.attempt}`,
      event.atMs,
    ]),
  );
  const retries = connections(run.lines, "due").filter(({ attempt }) => attempt > 0);
  expect(retries.length).toBeGreaterThanOrEqual(5 * 12);
  for (const { client, attempt, atMs } of retries) {
    expect(atMs - endedAt.get(`${client}/${attempt - 1}`)!).toBeCloseTo(1_000, 1);
  }
  // What fell due in between is missed, not caught up on.
  expect(total(run.lines, "missedOffline")).toBeGreaterThan(0);
  expect(received(run)).toEqual(expectedReceiptsWithin(run));
});

test("B16: full jitter draws each client's delay from the plan's seed, spread over 8 s", async () => {
  await using first = await startStompServer();
  await using second = await startStompServer();
  const params = { ...small, clients: 24, holdMs: 60_000, publishEveryMs: 1_000 };
  const endpoints = [endpoint(first.port), endpoint(second.port)];
  await using run = await startLoad(runDir(), { params, endpoints });
  await run.flushWhere((flush) => flush.gauges.subscribed === 24);
  await first.kill();
  await run.flushWhere((flush) => flush.gauges.subscribed === 24);
  run.load.stop(0);
  await run.load.finished;
  const dropped = connections(run.lines, "closed").filter(({ by }) => by === "unknown");
  expect(dropped.map(({ client }) => client % 2)).toEqual(new Array(12).fill(0));
  const retries = connections(run.lines, "due").filter(({ attempt }) => attempt === 1);
  const delays = retries.map(({ client, atMs }) => atMs - dropped.find((end) => end.client === client)!.atMs);
  expect(delays).toHaveLength(12);
  for (const [i, { client, endpoint }] of retries.entries()) {
    const drawn = backoffDelayMs(backoffs["full-jitter"], 1, random(run.plan.seed, "backoff", client, 0));
    expect(delays[i]).toBeCloseTo(drawn, 1);
    // The next instance in turn: the one that lives.
    expect(endpoint).toBe(1);
  }
  expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(3_000);
});

test("INV-DUP, A48: copies are counted once each, a refused message is rejected and not lost", async () => {
  await using server = await startStompServer();
  await using run = await startLoad(runDir(), {
    params: { ...small, clients: 10, holdMs: 60_000 },
    endpoints: [endpoint(server.port)],
  });
  await run.flushWhere((flush) => (flush.counts.deliveries ?? 0) > 0);
  server.order({ do: "deliver", how: "twice" });
  await run.flushWhere((flush) => flush.oddities.length > 20);
  server.order({ do: "deliver", how: "refuse" });
  await run.flushWhere((flush) => flush.outcomes.filter(([, , , how]) => how === "r").length > 20);
  server.order({ do: "deliver", how: "never" });
  const quiet = (await run.flushWhere((flush) => (flush.counts.deliveries ?? 0) === 0)).atMs;
  run.load.stop(0);
  await run.load.finished;

  const told = await server.tell();
  expect(total(run.lines, "deliveries")).toBe(told.deliveries);
  const oddities = flushes(run.lines).flatMap((flush) => flush.oddities);
  expect(new Set(oddities.map(({ what }) => what))).toEqual(new Set(["duplicate"]));
  // 10 clients, each message twice to each: half of what came is a copy while it lasted.
  const runsOfSlots = received(run).length;
  expect(told.deliveries).toBe(runsOfSlots + oddities.length + total(run.lines, "odditiesDropped"));
  // Rejected: named in the outcomes, received by nobody.
  const outcomes = flushes(run.lines).flatMap((flush) => flush.outcomes);
  const rejected = outcomes
    .filter(([, , , how]) => how === "r")
    .map(([publisher, slot]) => `${publisher}#${slot}`);
  const got = new Set(received(run).map((key) => key.split("/")[1]));
  expect(rejected.filter((key) => got.has(key))).toEqual([]);
  expect(outcomes.filter(([, , , how]) => how === "c").length).toBe(told.receipts);
  // Confirmed and delivered to nobody: the sends are there, the deliveries are not. That is a loss to be judged.
  const late = outcomes.filter(([, , atMs, how]) => how === "c" && atMs > quiet);
  for (const [publisher, slot] of late) expect(got.has(`${publisher}#${slot}`)).toBe(false);
});

test("A54: a frozen server is given up after two heart-beats, and found again when it thaws", async () => {
  await using server = await startStompServer({ beatMs: 200 });
  await using run = await startLoad(runDir(), {
    // Beats of 10 s × 0.02.
    timeScale: 0.02,
    params: { ...small, clients: 8, holdMs: 60_000, reconnect: "fixed" },
    endpoints: [endpoint(server.port)],
  });
  await run.flushWhere((flush) => flush.gauges.subscribed === 8);
  process.kill(server.pid, "SIGSTOP");
  await run.flushWhere(() => connections(run.lines, "closed").length === 8);
  process.kill(server.pid, "SIGCONT");
  await run.flushWhere((flush) => flush.gauges.subscribed === 8);
  run.load.stop(0);
  await run.load.finished;
  for (const { code, by, reason, silentMs } of connections(run.lines, "closed").slice(0, 8)) {
    expect([code, by]).toEqual([null, "self"]);
    expect(reason).toMatch(/^no heart-beat for \d+ ms$/);
    expect(silentMs).toBeGreaterThanOrEqual(400);
  }
  // They had an answer after all.
  expect(run.lines.at(-1)).toMatchObject({ type: "bye", abandoned: 0 });
});

test("k6 is gone soon after the end though its server is frozen, and the record is whole", async () => {
  await using server = await startStompServer({ beatMs: 0 });
  await using run = await startLoad(runDir(), {
    params: { ...small, clients: 10, holdMs: 3_000 },
    endpoints: [endpoint(server.port)],
  });
  await run.flushWhere((flush) => (flush.counts.deliveries ?? 0) > 0);
  process.kill(server.pid, "SIGSTOP");
  const { how } = await run.load.finished;
  const afterEndMs = Date.now() - run.startEpochMs - run.plan.timing.endMs;
  expect(how).toBe("bye");
  expect(afterEndMs).toBeLessThan(8_000);
  expect(run.lines.at(-1)).toMatchObject({ type: "bye", abandoned: 10 });
  expect(connections(run.lines, "closed").map(({ code, by, reason }) => `${code} ${by} ${reason}`)).toEqual(
    new Array(10).fill("null self no answer to DISCONNECT within 2 s"),
  );
});

test("a handshake that is never answered neither blocks the others nor keeps k6 alive", async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  await using server = await startStompServer();
  const { port } = silent.address() as { port: number };
  await using run = await startLoad(runDir(), {
    params: { ...small, clients: 20, holdMs: 2_500 },
    endpoints: [endpoint(server.port), endpoint(port)],
  });
  const end = await run.load.finished;
  const afterEndMs = Date.now() - run.startEpochMs - run.plan.timing.endMs;
  silent.close();
  expect(end.how).toBe("bye");
  expect(afterEndMs).toBeLessThan(8_000);
  expect(connections(run.lines, "closed")).toHaveLength(10);
  expect(new Set(connections(run.lines, "failed").map(({ reason }) => reason))).toEqual(
    new Set(["the run ended"]),
  );
  expect(total(run.lines, "deliveries")).toBeGreaterThan(0);
});

test("stop: nobody publishes any more, what is in flight arrives, all leave in order, k6 ends itself", async () => {
  await using server = await startStompServer();
  await using run = await startLoad(runDir(), {
    params: { ...small, holdMs: 60_000 },
    endpoints: [endpoint(server.port)],
  });
  await run.flushWhere((flush) => (flush.counts.deliveries ?? 0) > 0);
  const stoppedMs = Date.now() - run.startEpochMs;
  run.load.stop(300);
  expect(await run.load.finished).toEqual({ how: "bye", code: 0 });
  expect(Date.now() - run.startEpochMs - stoppedMs).toBeLessThan(8_000);
  const told = await server.tell();
  expect(told.disconnects).toBe(30);
  expect(received(run)).toEqual(expectedReceipts(run));
  // Slots that were to come after it are nobody's miss.
  expect(total(run.lines, "missedOffline") + total(run.lines, "missedLate")).toBe(0);
});

test("SW_LOAD_FAILED: k6 that cannot read its scenario is reported with its own words", async () => {
  const dir = runDir();
  const file = path.join(folder, "broken.ts");
  await writeFile(file, "throw new Error('planted in the scenario');\nexport default {};\n");
  await using run = await startLoad(dir, {
    scenario: { name: file, like: ramp },
    endpoints: ["ws://127.0.0.1:9/ws"],
    held: true,
  });
  await expect(run.load.ready).rejects.toMatchObject({
    code: "SW_LOAD_FAILED",
    message: expect.stringContaining("planted in the scenario"),
  });
  expect((await run.load.finished).how).toBe("died");
});

test("k6 killed in the middle is told as died, and what it had reported is there", async () => {
  await using server = await startStompServer();
  await using run = await startLoad(runDir(), {
    params: { ...small, holdMs: 60_000 },
    endpoints: [endpoint(server.port)],
  });
  await run.flushWhere((flush) => (flush.counts.deliveries ?? 0) > 0);
  process.kill(run.load.pid, "SIGKILL");
  expect(await run.load.finished).toEqual({ how: "died", code: null });
  expect(run.events.at(-1)).toBe("lost: exit SIGKILL");
  expect(flushes(run.lines).length).toBeGreaterThan(1);
});

test("a scenario that throws ends its own client and nobody else", async () => {
  await using server = await startStompServer();
  const file = path.join(folder, "throws.ts");
  const from = path.join(import.meta.dirname, "../../scenarios/ramp.ts");
  await writeFile(
    file,
    `import ramp from ${JSON.stringify(from)};
export default {
  ...ramp,
  roles(params) {
    const { chatter } = ramp.roles(params);
    return {
      chatter: {
        ...chatter,
        async session(stomp) {
          if (stomp.client.number === 3) throw new Error("planted");
          // Thrown inside the engine's timer, when the text is made.
          if (stomp.client.number === 4) {
            const bad = { valueOf() { throw new Error("planted"); } };
            await stomp.connect();
            await stomp.publish({ destination: "/app/x", everyMs: 100, bytes: bad, receipt: true });
            return;
          }
          await chatter.session(stomp);
        },
      },
    };
  },
};
`,
  );
  await using run = await startLoad(runDir(), {
    scenario: { name: file, like: ramp },
    params: { ...small, clients: 10 },
    endpoints: [endpoint(server.port)],
  });
  expect(await run.load.finished).toEqual({ how: "bye", code: 0 });
  const errors = run.lines.filter((line) => line.type === "error");
  expect(errors.map(({ where }) => where).sort()).toEqual(["agenda", "session of user-3"]);
  const senders = new Set(flushes(run.lines).flatMap((flush) => flush.sends.map(([publisher]) => publisher)));
  expect([...senders].sort()).toEqual([0, 1, 2, 5, 6, 7, 8, 9]);
  expect(connections(run.lines, "closed").map(({ code }) => code)).toEqual(new Array(9).fill(1000));
});

test("a handler that throws costs its own message and no socket", async () => {
  await using server = await startStompServer({ beatMs: 50 });
  const script = path.join(folder, "guard.ts");
  const k6 = path.join(import.meta.dirname, "../../scenarios/k6");
  await writeFile(
    script,
    `import { Clock } from ${JSON.stringify(`${k6}/clock.ts`)};
import { dial } from ${JSON.stringify(`${k6}/dial.ts`)};
import { guardedBy } from ${JSON.stringify(`${k6}/guard.ts`)};
export const options = { scenarios: { x: { executor: "per-vu-iterations", vus: 1, iterations: 1 } } };
export default function () {
  const errors = [];
  const guard = guardedBy((where, error) => errors.push(where + ": " + error.message));
  const clock = new Clock();
  clock.go(clock.epochMs());
  const beats = [0, 0];
  const closes = [];
  const wires = beats.map((_, i) =>
    dial("${endpoint(server.port)}", undefined, {
      opened() {},
      text() {
        beats[i] += 1;
        if (beats[i] > 3) wires[i].close(1000, "");
        if (i === 0) throw new Error("planted");
      },
      closed(code) {
        closes.push(code);
        if (closes.length === 2) console.log(JSON.stringify({ beats, errors, closes }));
      },
    }, { clock, guard }),
  );
}
`,
  );
  const { k6: tool } = await findTools();
  const args = [
    "run",
    "--quiet",
    "--no-usage-report",
    "--no-color",
    "--summary-mode=disabled",
    "--log-format=raw",
  ];
  const { stderr } = await promisify(execFile)(tool.path, [...args, script]);
  expect(JSON.parse(stderr.trim())).toEqual({
    beats: [4, 4],
    errors: new Array(4).fill("message: planted"),
    closes: [1000, 1000],
  });
});

test("k6-entry.ts runs alone with plain k6 and says what happened", async () => {
  await using server = await startStompServer();
  const dir = runDir();
  {
    // Only for its file: this load is never told to go.
    await using run = await startLoad(dir, {
      params: { ...small, holdMs: 2_200 },
      endpoints: ["ws://127.0.0.1:9/ws"],
      held: true,
    });
    await run.load.ready;
  }
  const { k6 } = await findTools();
  const { stderr } = await promisify(execFile)(
    k6.path,
    ["run", "--quiet", "--no-usage-report", "--no-color", "--log-format=raw", "k6-entry.ts"],
    { cwd: dir, env: { SEAWORTHY_ENDPOINTS: endpoint(server.port) } },
  );
  const told = await server.tell();
  expect(told.sends).toBeGreaterThan(50);
  expect(stderr).toContain(`sent ${told.sends}: ${told.receipts} confirmed, 0 rejected, 0 unknown`);
  expect(stderr).toContain(`delivered ${told.deliveries}, 0 odd, 0 ERROR frames`);
  expect(stderr).toMatch(/^\d s {2}30 of 30 subscribed/m);
  expect(stderr).toContain("ends of connections: 30 × 1000 self; abandoned: 0");
  // Credentials are in it.
  expect((await stat(path.join(dir, "k6-entry.ts"))).mode & 0o077).toBe(0);
});

// What the plan says, computed without the engine.

function plannedSlots({ plan }: LoadRun): string[] {
  const { load } = ramp.roles(plan.scenario.params).chatter!;
  return Array.from({ length: plan.clients }, (_, client) => {
    const slots = slotsOf({
      seed: plan.seed,
      client,
      everyMs: plan.scenario.params.publishEveryMs as number,
      dueMs: dueMs(load, client),
      untilMs: plan.timing.publishUntilMs,
    });
    return Array.from({ length: slots.end - slots.first }, (_, i) => {
      const slot = slots.first + i;
      return `${client}#${slot}@${intendedMs(slots, slot)}`;
    });
  }).flat();
}

/** `client/publisher#slot` for every message that a client got on any of its subscriptions, sorted. */
function received(run: LoadRun): string[] {
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

/** Everybody in the room gets everything that was sent to it. */
function expectedReceipts(run: LoadRun): string[] {
  const { clients } = run.plan;
  return flushes(run.lines)
    .flatMap((flush) => flush.sends)
    .flatMap(([publisher, slot]) =>
      Array.from({ length: clients }, (_, client) => client)
        .filter((client) => Math.floor(client / 10) === Math.floor(publisher / 10))
        .map((client) => `${client}/${publisher}#${slot}`),
    )
    .sort();
}

/** The part of it that was sent and confirmed while the client was subscribed, with half a second to each side. */
function expectedReceiptsWithin(run: LoadRun): string[] {
  const got = new Set(received(run));
  const all = expectedReceipts(run);
  const windows = connections(run.lines, "subscribed").map(({ client, attempt, atMs }) => ({
    client,
    fromMs: atMs + 500,
    toMs:
      (connections(run.lines, "closed").find((end) => end.client === client && end.attempt === attempt)
        ?.atMs ?? Number.POSITIVE_INFINITY) - 500,
  }));
  const sentMs = new Map(
    flushes(run.lines).flatMap((flush) =>
      flush.sends.map(([publisher, slot, , , at]) => [`${publisher}#${slot}`, at] as [string, number]),
    ),
  );
  return all.filter((key) => {
    const [client, message] = key.split("/") as [string, string];
    const at = sentMs.get(message)!;
    const entitled = windows.some(
      (window) => window.client === Number(client) && window.fromMs <= at && at <= window.toMs,
    );
    return entitled || got.has(key);
  });
}

function histogram(run: LoadRun, metric: string): { total: number; negative: number } {
  let sum = 0;
  let negative = 0;
  for (const flush of flushes(run.lines)) {
    for (const entry of flush.histograms.filter((one) => one.metric === metric)) {
      entry.data.buckets.forEach((value, i) => {
        if (i % 2 === 1) sum += value;
      });
      negative += entry.data.negative ?? 0;
    }
  }
  return { total: sum, negative };
}
