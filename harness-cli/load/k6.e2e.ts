import { expect, test } from "vitest";
import { backoffDelayMs, backoffs } from "../../scenarios/model/backoff.ts";
import { random } from "../../scenarios/model/random.ts";
import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import {
  clientsOf,
  expectRoomsOnly,
  missed,
  outcomesOf,
  plannedSlots,
  received,
} from "./fixtures/accounts.test-support.ts";
import {
  connections,
  endpoint,
  flushes,
  LONG,
  type LoadRun,
  runFolders,
  SHORT,
  startLoad,
  startStompServer,
  total,
} from "./fixtures/load-run.test-support.ts";

const { runDir } = runFolders();

test("C2, rules 1 and 3: k6 sends exactly what the plan says, and what it reports is what the server saw, delivery by delivery", async () => {
  // It beats each second and promises a twentieth of that: it is not to be given up for being slow.
  await using server = await startStompServer({ beatMs: 1_000, promisedBeatMs: 20_000 });
  // The drain is longer than a heart-beat, by far, so a client that has nothing else to send must send one.
  const params = { ...SHORT, drainMs: 2_500 };
  await using run = await startLoad(runDir(), { params, endpoints: [endpoint(server.port)] });
  expect(await run.load.finished).toMatchObject({ how: "bye", code: 0 });
  const { lines } = run;
  // All of them, unless the machine is so slow that the run was over before somebody's handshake.
  const came = clientsOf(connections(lines, "connected"));
  const late = clientsOf(connections(lines, "failed"));
  expect([...came, ...late].sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i));
  expect(came.size).toBeGreaterThan(0);
  for (const { reason } of connections(lines, "failed")) expect(reason).toBe("the run ended");
  const told = await server.until(({ closeCodes }) => closeCodes.length >= came.size);

  expect(lines[0]).toEqual({ type: "hello", engine: "k6", vu: 1, clients: 30 });
  expect((lines.at(-1) as { abandoned: number }).abandoned).toBeLessThanOrEqual(late.size);
  expect(lines.filter((line) => line.type === "error")).toEqual([]);
  expect(flushes(lines).map((flush) => flush.sequence)).toEqual(flushes(lines).map((_, index) => index));

  // The handshake: sub-protocol, Origin, a token whose signature and claims hold.
  expect(told).toMatchObject({
    connects: came.size,
    attempts: { "0": came.size },
    disconnects: came.size,
    badTokens: 0,
    origins: ["https://app.example.com"],
    protocols: ["v12.stomp"],
  });
  expect([...new Set(told.closeCodes)]).toEqual([1000]);

  // Every slot of the plan was sent once, not before its time, or is counted as missed.
  const sends = flushes(lines).flatMap((flush) => flush.sends);
  const sent = sends.map(([publisher, slot, , intended]) => `${publisher}#${slot}@${intended}`);
  const planned = plannedSlots(run);
  expect(new Set(sent).size).toBe(sent.length);
  expect(sent.filter((slot) => !planned.has(slot))).toEqual([]);
  const theirs = [...planned].filter((slot) => came.has(Number.parseInt(slot, 10)));
  expect(sent.length + missed(lines)).toBe(theirs.length);
  expect(sent.length).toBe(told.sends);
  expect(sent.length).toBeGreaterThan(30);
  for (const [, , , intended, actual] of sends) expect(actual).toBeGreaterThanOrEqual(intended);

  expect(outcomesOf(lines).sort()).toEqual(sends.map(([publisher, slot]) => `${publisher}#${slot}c`).sort());

  // Every message reached the members of its room, each once and in order.
  const got = received(run);
  expect(got.length).toBe(told.deliveries);
  expect(total(lines, "deliveries")).toBe(told.deliveries);
  expectRoomsOnly(run, run.plan.timing.endMs);
  expect(flushes(lines).flatMap((flush) => flush.oddities)).toEqual([]);
  // Every delivery but the first of each client has one before it.
  const reached = new Set(got.map((key) => key.split("/")[0])).size;
  expect(total(lines, "ordered")).toBe(told.deliveries - reached);

  // Heart-beats both ways: mine are 10 s × 0.1, the server's 1 s. Whoever last sent a second before the end has beaten.
  const lastSent = new Map(sends.map(([publisher, , , , actual]) => [publisher, actual]));
  const silent = [...lastSent.values()].filter((atMs) => atMs + 1_000 < run.plan.timing.endMs).length;
  expect(silent).toBeGreaterThan(0);
  expect(told.beats).toBeGreaterThanOrEqual(silent);
  expect(total(lines, "heartbeatsOut")).toBe(told.beats);

  const closed = connections(lines, "closed");
  expect(closed.map(({ code, by, server }) => ({ code, by, server }))).toEqual(
    new Array(came.size).fill({ code: 1000, by: "self", server: "test-1" }),
  );
  const all = histogram(run, "delivery");
  expect(all.total).toBe(told.deliveries);
  expect(all.negative).toBe(0);
});

test("D11, C7: every way a connection can end is told apart, and each client comes back on its back-off", async () => {
  await using first = await startStompServer();
  const params = { ...LONG, clients: 12, reconnect: "fixed" };
  await using run = await startLoad(runDir(), { params, endpoints: [endpoint(first.port)] });
  /** All are there for the nth time, and each has had something to say since. */
  const back = async (times: number) => {
    const { sends } = await first.until(({ subscribes }) => subscribes === 12 * times);
    await first.until((told) => told.sends >= sends + 12);
  };
  await back(1);
  first.order({ do: "close", code: 4001, reason: "kicked" });
  await back(2);
  first.order({ do: "fin" });
  await back(3);
  first.order({ do: "rst" });
  await back(4);
  await first.kill();
  // Refused until the server is there again, on the same port.
  await run.until("all refused", (lines) => clientsOf(connections(lines, "failed")).size === 12);
  await using second = await startStompServer({ port: first.port });
  const told = await second.until(({ subscribes }) => subscribes >= 12);
  expect(told.connects).toBe(12);
  const stoppedMs = Date.now() - run.startEpochMs;
  run.load.stop(0);
  await run.load.finished;

  const ends = (attempt: number) =>
    connections(run.lines, "closed")
      .filter((event) => event.attempt === attempt)
      .map(({ code, by, reason }) => `${code} ${by} ${reason}`);
  expect(ends(0)).toEqual(new Array(12).fill("4001 peer kicked"));
  for (const attempt of [1, 2, 3]) {
    expect(ends(attempt)).toEqual(new Array(12).fill(expect.stringMatching(/^null unknown /)));
  }
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
  expectRoomsOnly(run, stoppedMs);
});

test("B16: full jitter draws each client's delay from the plan's seed, spread over 8 s", async () => {
  await using first = await startStompServer();
  await using second = await startStompServer();
  // Of this seed the longest of the twelve delays is 3.5 s: nothing is to be seen in waiting longer.
  const asked = { params: { ...LONG, clients: 24, publishEveryMs: 1_000 }, seed: 61 };
  const endpoints = [endpoint(first.port), endpoint(second.port)];
  await using run = await startLoad(runDir(), { ...asked, endpoints });
  await run.until("all subscribed", (lines) => connections(lines, "subscribed").length === 24);
  await first.kill();
  await run.until("all subscribed again", (lines) => connections(lines, "subscribed").length === 36);
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
    params: { ...LONG, clients: 10 },
    endpoints: [endpoint(server.port)],
  });
  await server.until(({ deliveries }) => deliveries > 20);
  server.order({ do: "deliver", how: "twice" });
  await run.until("copies", (lines) => flushes(lines).flatMap((flush) => flush.oddities).length > 20);
  server.order({ do: "deliver", how: "refuse" });
  await run.until("refusals", (lines) => outcomesOf(lines, "r").length > 20);
  const { receipts } = await server.tell();
  server.order({ do: "deliver", how: "never" });
  await server.until((now) => now.receipts > receipts + 20);
  run.load.stop(0);
  await run.load.finished;

  const told = await server.tell();
  expect(total(run.lines, "deliveries")).toBe(told.deliveries);
  const oddities = flushes(run.lines).flatMap((flush) => flush.oddities);
  expect(new Set(oddities.map(({ what }) => what))).toEqual(new Set(["duplicate"]));
  const runsOfSlots = received(run).length;
  expect(told.deliveries).toBe(runsOfSlots + oddities.length + total(run.lines, "odditiesDropped"));
  // Rejected: named in the outcomes, received by nobody.
  const rejected = outcomesOf(run.lines, "r");
  const got = new Set(received(run).map((key) => key.split("/")[1]));
  expect(rejected.filter((key) => got.has(key))).toEqual([]);
  expect(outcomesOf(run.lines, "c").length).toBe(told.receipts);
  // Confirmed and delivered to nobody: the sends are there, the deliveries are not. That is a loss to be judged. They
  // are what one publisher had confirmed after the first refusal, since one connection keeps its order.
  const refused = new Set<string>();
  const late: string[] = [];
  for (const [publisher, slot, , how] of flushes(run.lines).flatMap((flush) => flush.outcomes)) {
    if (how === "r") refused.add(`${publisher}`);
    else if (refused.has(`${publisher}`)) late.push(`${publisher}#${slot}`);
  }
  expect(late.length).toBeGreaterThan(10);
  expect(late.filter((key) => got.has(key))).toEqual([]);
});

test("A54: a frozen server is given up after two heart-beats, and found again when it thaws", async () => {
  await using server = await startStompServer({ beatMs: 200 });
  await using run = await startLoad(runDir(), {
    // Beats of 10 s × 0.02.
    timeScale: 0.02,
    params: { ...LONG, clients: 8, reconnect: "fixed" },
    endpoints: [endpoint(server.port)],
  });
  const subscribedSince = (lines: readonly Telemetry[], sinceMs: number) =>
    clientsOf(connections(lines, "subscribed").filter(({ atMs }) => atMs > sinceMs)).size;
  await run.until("all subscribed", (lines) => subscribedSince(lines, 0) === 8);
  process.kill(server.pid, "SIGSTOP");
  const frozenMs = Date.now() - run.startEpochMs;
  // On a machine short of CPU some may have been given up before; in the end nobody is there.
  await run.until("nobody connected", (lines) =>
    flushes(lines).some(({ atMs, gauges }) => atMs > frozenMs && gauges.connected === 0),
  );
  process.kill(server.pid, "SIGCONT");
  const thawedMs = Date.now() - run.startEpochMs;
  await run.until("all subscribed again", (lines) => subscribedSince(lines, thawedMs) === 8);
  // They had an answer after all, each.
  const answered = await server.until(
    ({ closeCodes }) => closeCodes.filter((code) => code === 4000).length >= 8,
  );
  run.load.stop(0);
  await run.load.finished;

  const givenUp = connections(run.lines, "closed").filter(({ reason }) => reason.startsWith("no heart-beat"));
  expect(clientsOf(givenUp).size).toBe(8);
  expect(givenUp.some(({ atMs }) => atMs > frozenMs)).toBe(true);
  for (const { code, by, reason, silentMs } of givenUp) {
    expect([code, by]).toEqual([null, "self"]);
    expect(reason).toMatch(/^no heart-beat for \d+ ms$/);
    expect(silentMs).toBeGreaterThanOrEqual(400);
  }
  const bye = run.lines.at(-1) as Telemetry & { type: "bye" };
  const others = givenUp.length - answered.closeCodes.filter((code) => code === 4000).length;
  expect([bye.type, bye.abandoned <= others + connections(run.lines, "failed").length]).toEqual([
    "bye",
    true,
  ]);
});

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
