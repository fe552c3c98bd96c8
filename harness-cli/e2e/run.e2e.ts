import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FaultEvent } from "../../chaos/timeline.ts";
import type { HistoryEvent } from "../../reports/record/history.ts";
import type { Plan } from "../../reports/record/plan.ts";
import type { LoadConfig } from "../../scenarios/model/load-config.ts";
import { dueMs, intendedMs, slotsOf } from "../../scenarios/model/schedule.ts";
import type { Flush, Telemetry } from "../../scenarios/model/telemetry.ts";
import ramp from "../../scenarios/ramp.ts";
import { type Ended, jsonOf, linesOf, onlyRun, type Sandbox, sandbox } from "./cli-process.ts";

interface VerdictFile {
  readonly format: number;
  readonly overall: string;
  readonly ended: { readonly how: string };
  readonly checks: readonly {
    readonly name: string;
    readonly phase: string;
    readonly status: string;
    readonly why?: string;
  }[];
}

/** Small and short, and still a ramp with a fault, several rooms and three instances. */
const SHORT = [
  "ramp",
  "-p",
  "clients=12",
  "-p",
  "roomSize=4",
  "-p",
  "rampMs=1s",
  "-p",
  "holdMs=9s",
  "-p",
  "publishEveryMs=500",
  "-p",
  "drainMs=1s",
];

/** Nobody says a word. */
const SILENT = ["clients=3", "rampMs=0", "holdMs=4s", "drainMs=500", "publishEveryMs=10m"].flatMap(
  (param) => ["-p", param],
);

describe("one run, from nothing to a verdict", () => {
  let box: Sandbox;
  let dir: string;
  let first: Ended;
  /** Under way while the tests look at the first one: they share a machine and nothing else. */
  let again: Promise<Ended>;
  let silent: Promise<Ended>;

  beforeAll(async () => {
    box = await sandbox();
    first = await box.run(
      "run",
      ...SHORT,
      "--fault",
      "latency@5s..7s:server-any/clients,latencyMs=80",
      "--seed",
      "11",
    );
    dir = await onlyRun(box.runs);
    again = box.run("run", "ramp", "--plan", path.join(dir, "plan.json"), "--out", "again");
    silent = box.run("run", "ramp", ...SILENT, "--check", "delivery-p99", "--json", "--out", "silent");
  });
  afterAll(() => box[Symbol.asyncDispose]());

  test("C2: is met on the healthy server, exit 0", async () => {
    const verdict = await jsonOf<VerdictFile>(path.join(dir, "verdict.json"));
    expect(verdict.checks.filter((check) => check.status === "breached")).toEqual([]);
    expect([verdict.format, verdict.ended.how]).toEqual([1, "completed"]);
    expect([first.exit, verdict.overall]).toEqual(verdict.overall === "met" ? [0, "met"] : [3, "unknown"]);
  });

  test("E1: the fault was injected, seen to work, undone, and seen to be gone", async () => {
    const history = await linesOf<HistoryEvent>(path.join(dir, "history.jsonl"));
    const events = history.filter((event): event is FaultEvent => event.kind === "fault");
    const { timeline } = await jsonOf<Plan>(path.join(dir, "plan.json"));
    // A harness that had no CPU until its window was nearly over may have had no time to look.
    const injectedMs = events.find(({ step }) => step === "injected")?.atMs ?? Number.NaN;
    const seen =
      injectedMs < (timeline[0]?.toMs ?? 0) - 1_000 ? "observed" : expect.stringMatching(/observed$/);
    expect(events.map(({ step }) => step)).toEqual(["injecting", "injected", seen, "healing", "healed"]);
  });

  test("hands over everything a run must hand over", async () => {
    for (const file of [
      "plan.json",
      "k6-entry.ts",
      "history.jsonl",
      "ledger.jsonl",
      "samples.jsonl",
      "verdict.json",
      "report.json",
      "junit.xml",
    ]) {
      expect((await readFile(path.join(dir, file), "utf8")).length, file).toBeGreaterThan(0);
    }
    const html = await readFile(path.join(dir, "report.html"), "utf8");
    expect(html).toContain("<svg");
    expect(html).not.toMatch(/(src|href)="https?:/);
    expect(await jsonOf(path.join(box.runs, "latest", "plan.json"))).toEqual(
      await jsonOf(path.join(dir, "plan.json")),
    );
  });

  test("judge recomputes the verdict from the record alone and gives the same bytes", async () => {
    const outputs = ["verdict.json", "report.html", "report.json", "junit.xml"];
    const read = () => Promise.all(outputs.map((file) => readFile(path.join(dir, file), "utf8")));
    const before = await read();
    const { exit } = await box.run("judge", dir);
    expect(exit).toBe(first.exit);
    expect(await read()).toEqual(before);
  });

  test("the plan repeats the run: the same ids, payloads, arrival times, victims and fault times", async () => {
    expect([0, 3]).toContain((await again).exit);
    const repeated = await onlyRun(path.join(box.folder, "again"));
    expect(await readFile(path.join(repeated, "plan.json"), "utf8")).toBe(
      await readFile(path.join(dir, "plan.json"), "utf8"),
    );
    const plan = await jsonOf<Plan>(path.join(dir, "plan.json"));
    const planned = plannedSends(plan);
    expect(planned.size).toBeGreaterThan(100);
    const runs = await Promise.all([dir, repeated].map(sentIn));
    for (const { sent, missed } of runs) {
      // What was sent is what was planned; what is lacking is counted: a client that came late has missed its slots.
      for (const [id, what] of sent) expect([id, what]).toEqual([id, planned.get(id)]);
      expect(sent.size + missed).toBe(planned.size);
    }
    const common = [...planned.keys()].filter((id) => runs.every(({ sent }) => sent.has(id)));
    expect(common.length).toBeGreaterThan(planned.size / 4);
    // A payload follows from the id, its time, and what the load was made with.
    const [load, sameLoad] = await Promise.all([dir, repeated].map(loadOf));
    expect(sameLoad).toEqual(load);
    expect(load?.nonce).toBe(plan.nonce);

    const faults = await Promise.all([dir, repeated].map(faultsIn));
    expect(faults[0]).toEqual(plan.timeline.map(({ fault, target }) => [fault, target]));
    expect(faults[1]).toEqual(faults[0]);
  });

  test("a check on a metric that saw no sample is unknown, exit 3: nothing is met on no data", async () => {
    const { exit, out } = await silent;
    const verdict = JSON.parse(out) as VerdictFile;
    expect([exit, verdict.overall]).toEqual([3, "unknown"]);
    const asked = verdict.checks.filter(({ name }) => name === "delivery-p99");
    expect(new Set(asked.map(({ status }) => status))).toEqual(new Set(["unknown"]));
    expect(asked[0]?.why).toContain("nothing was delivered in this phase");
  });
});

/** Destination and intended time of every message of the plan, by identity; computed without the engine. */
function plannedSends({ seed, clients, scenario: { params }, timing }: Plan): ReadonlyMap<string, string> {
  const { load } = ramp.roles(params).chatter!;
  const planned = new Map<string, string>();
  for (let client = 0; client < clients; client++) {
    const room = Math.floor(client / (params.roomSize as number));
    const slots = slotsOf({
      seed,
      client,
      everyMs: params.publishEveryMs as number,
      dueMs: dueMs(load, client),
      untilMs: timing.publishUntilMs,
    });
    for (let slot = slots.first; slot < slots.end; slot++) {
      planned.set(`${client}#${slot}`, `/app/chat.send/room-${room} at ${intendedMs(slots, slot)}`);
    }
  }
  return planned;
}

/** The same of every message sent, and how many the record counts as missed. */
async function sentIn(dir: string): Promise<{ sent: ReadonlyMap<string, string>; missed: number }> {
  const lines = await linesOf<Telemetry>(path.join(dir, "ledger.jsonl"));
  const flushes = lines.filter((line): line is Flush => line.type === "flush");
  const sends = flushes.flatMap((flush) => flush.sends);
  const missed = flushes.reduce(
    (sum, { counts }) => sum + (counts.missedOffline ?? 0) + (counts.missedLate ?? 0),
    0,
  );
  const sent = new Map(
    sends.map(([publisher, slot, to, intended]) => [`${publisher}#${slot}`, `${to} at ${intended}`]),
  );
  expect(sent.size).toBe(sends.length);
  return { sent, missed };
}

/** What the load was made with, apart from where the system happened to be this time. */
async function loadOf(dir: string): Promise<Partial<LoadConfig>> {
  const text = await readFile(path.join(dir, "k6-entry.ts"), "utf8");
  const [, json = ""] = /const config = (\{.*?^\});$/ms.exec(text) ?? [];
  const { endpoints: _, access: __, ...load } = JSON.parse(json) as LoadConfig;
  return load;
}

async function faultsIn(dir: string): Promise<(readonly [string, string])[]> {
  const history = await linesOf<HistoryEvent>(path.join(dir, "history.jsonl"));
  return history.flatMap((event) =>
    event.kind === "fault" && event.step === "injecting" ? [[event.fault, event.target] as const] : [],
  );
}
