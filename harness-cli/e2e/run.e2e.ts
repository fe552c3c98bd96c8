import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FaultEvent } from "../../chaos/timeline.ts";
import type { HistoryEvent } from "../../reports/record/history.ts";
import type { Plan } from "../../reports/record/plan.ts";
import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import { jsonOf, linesOf, onlyRun, type Sandbox, sandbox } from "./cli-process.ts";

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
  "rampMs=2s",
  "-p",
  "holdMs=9s",
  "-p",
  "publishEveryMs=500",
];

describe("one run, from nothing to a verdict", () => {
  let box: Sandbox;
  let dir: string;
  let first: { exit: number | string; out: string; err: string };

  beforeAll(async () => {
    box = await sandbox();
    first = await box.run(
      "run",
      ...SHORT,
      "--fault",
      "latency@6s..8s:server-any/clients,latencyMs=80",
      "--seed",
      "11",
    );
    dir = await onlyRun(box.runs);
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
    const steps = history
      .filter((event): event is FaultEvent => event.kind === "fault")
      .map((event) => event.step);
    expect(steps).toEqual(["injecting", "injected", "observed", "healing", "healed"]);
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
    const again = await box.run("run", "ramp", "--plan", path.join(dir, "plan.json"), "--out", "again");
    expect([0, 3]).toContain(again.exit);
    const repeated = await onlyRun(path.join(box.folder, "again"));
    expect(await readFile(path.join(repeated, "plan.json"), "utf8")).toBe(
      await readFile(path.join(dir, "plan.json"), "utf8"),
    );
    const sends = await Promise.all([dir, repeated].map(sentIn));
    expect(sends[0]?.size).toBeGreaterThan(100);
    expect(sends[1]).toEqual(sends[0]);
    const plan = await jsonOf<Plan>(path.join(dir, "plan.json"));
    const faults = await Promise.all([dir, repeated].map(faultsIn));
    expect(faults[0]).toEqual(plan.timeline.map(({ fault, target }) => [fault, target]));
    expect(faults[1]).toEqual(faults[0]);
  });
});

test("a check on a metric that saw no sample is unknown, exit 3: nothing is met on no data", async () => {
  await using box = await sandbox();
  const silent = ["-p", "clients=3", "-p", "rampMs=1s", "-p", "holdMs=5s", "-p", "publishEveryMs=10m"];
  const { exit, out } = await box.run("run", "ramp", ...silent, "--check", "delivery-p99", "--json");
  const verdict = JSON.parse(out) as VerdictFile;
  expect([exit, verdict.overall]).toEqual([3, "unknown"]);
  expect(verdict.checks.map((check) => check.status)).toEqual(verdict.checks.map(() => "unknown"));
  expect(verdict.checks[0]?.why).toBe("nothing was delivered in this phase");
});

/** Identity, destination and intended time of every message sent. */
async function sentIn(dir: string): Promise<Map<string, string>> {
  const sent = new Map<string, string>();
  for (const line of await linesOf<Telemetry>(path.join(dir, "ledger.jsonl"))) {
    if (line.type !== "flush") continue;
    for (const [publisher, slot, destination, intendedMs] of line.sends) {
      sent.set(`${publisher}#${slot}`, `${destination} at ${intendedMs}`);
    }
  }
  return new Map([...sent].sort());
}

async function faultsIn(dir: string): Promise<(readonly [string, string])[]> {
  const history = await linesOf<HistoryEvent>(path.join(dir, "history.jsonl"));
  return history.flatMap((event) =>
    event.kind === "fault" && event.step === "injecting" ? [[event.fault, event.target] as const] : [],
  );
}
