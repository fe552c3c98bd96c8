import path from "node:path";
import { expect, test } from "vitest";
import type { Ended, HistoryEvent } from "../../reports/record/history.ts";
import type { Plan } from "../../reports/record/plan.ts";
import type { AuditLine, MachineSample, ProbeSample, Sample } from "../../reports/record/samples.ts";
import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import type { Part } from "../selftest/part.ts";
import { jsonOf, linesOf, onlyRun, sandbox } from "./cli-process.ts";

interface VerdictFile {
  readonly overall: string;
  readonly ended: Ended;
  readonly probe?: { readonly k6P99Ms: number; readonly probeP99Ms: number; readonly probeSamples: number };
  readonly checks: readonly { readonly name: string; readonly phase: string; readonly status: string }[];
}

async function selftest(name: string): Promise<{ exit: number | string; parts: readonly Part[] }> {
  await using box = await sandbox();
  const { exit, out, err } = await box.run("selftest", name, "--json");
  expect(err).toBe("");
  return { exit, ...(JSON.parse(out) as { parts: readonly Part[] }) };
}

test("I87: a server frozen for 2 s is in the reported p99, and a closed loop beside it hides it", async () => {
  const { exit, parts } = await selftest("stall");
  const [part] = parts as [Part];
  expect(part.told, part.found).not.toBe("lie");
  // Held up itself, the machine makes the answer unknown and says why; it never makes it wrong.
  expect(exit).toBe(part.told === "truth" ? 0 : 3);
  if (part.told === "unknown") return expect(part.found).toMatch(/fit|set aside|keep up|end \(/);
  const { frozenMs, p99Ms, samples, naiveSamples } = part.figures as Record<string, number>;
  expect(frozenMs).toBeGreaterThan(1_990);
  expect(p99Ms).toBeGreaterThan(1_600);
  expect(samples).toBeGreaterThan(2_000);
  expect(naiveSamples).toBeGreaterThan(0);
}, 180_000);

test("rule 6, I87: an overloaded generator is invalid for the right reason; within its limits it is valid", async () => {
  const { exit, parts } = await selftest("generator");
  expect(parts.map(({ name }) => name)).toEqual(["generator overloaded", "generator within its limits"]);
  for (const { told, found } of parts) expect(told, found).not.toBe("lie");
  expect(exit).toBe(parts.every(({ told }) => told === "truth") ? 0 : 3);
}, 240_000);

test("D1: a probe measures beside k6, and nobody but the latency knows of it", {
  tags: "timed",
  timeout: 180_000,
}, async () => {
  await using box = await sandbox();
  const { exit, out } = await box.run(
    "run",
    "ramp",
    ...[
      "-p",
      "clients=20",
      "-p",
      "roomSize=5",
      "-p",
      "rampMs=1s",
      "-p",
      "holdMs=7s",
      "-p",
      "publishEveryMs=500",
    ],
    ...["--instances", "2", "--probe", "4"],
  );
  const dir = await onlyRun(box.runs);
  const verdict = await jsonOf<VerdictFile>(path.join(dir, "verdict.json"));
  expect(verdict.checks.filter(({ status }) => status === "breached")).toEqual([]);
  expect(exit).toBe(verdict.overall === "met" ? 0 : 3);

  const samples = await linesOf<Sample>(path.join(dir, "samples.jsonl"));
  const probes = samples.filter((sample): sample is ProbeSample => sample.kind === "probe");
  expect(Math.max(...probes.map(({ subscriptions }) => subscriptions))).toBe(4);
  // Four rooms of five, each with two messages a second from each of its users, for five seconds and more.
  expect(verdict.probe?.probeSamples).toBeGreaterThan(80);
  expect(out).toMatch(/^latency {4}k6 says p99 [\d,.]+ ms, the probe [\d,.]+ ms \([\d,]+ samples\)$/m);

  const plan = await jsonOf<Plan>(path.join(dir, "plan.json"));
  expect(plan.probe).toEqual({ subscriptions: 4 });
  const ledger = await linesOf<Telemetry>(path.join(dir, "ledger.jsonl"));
  expect(ledger.flatMap((line) => (line.type === "hello" ? [line.clients] : []))).toEqual([20]);
  const [audit] = await linesOf<AuditLine>(path.join(dir, "audit.jsonl"));
  expect(audit?.stored.every(([publisher]) => publisher < 20)).toBe(true);

  // The generator's own machine is in the record as well, each second.
  const machine = samples.filter((sample): sample is MachineSample => sample.kind === "machine");
  expect(machine.length).toBeGreaterThan(0);
  expect(machine.some(({ processCpu }) => processCpu.probe !== undefined)).toBe(true);
  if (process.platform === "linux") {
    const used = machine.flatMap(({ descriptorsUsed }) => descriptorsUsed ?? []);
    expect(Math.max(...used)).toBeGreaterThan(0);
    expect(Math.max(...used)).toBeLessThan(0.5);
  }
});

test("--abort-on-breach: a breach that nothing makes good again ends the run early, exit 1", async () => {
  await using box = await sandbox();
  const { exit } = await box.run(
    "run",
    "ramp",
    ...[
      "-p",
      "clients=12",
      "-p",
      "roomSize=4",
      "-p",
      "rampMs=1s",
      "-p",
      "holdMs=60s",
      "-p",
      "publishEveryMs=1s",
    ],
    ...["--instances", "2", "--defect", "abrupt-close-1006", "--fault", "terminate@5s..8s:server-1"],
    ...["--check", "generator-valid", "--check", "close-codes", "--abort-on-breach"],
  );
  const dir = await onlyRun(box.runs);
  const verdict = await jsonOf<VerdictFile>(path.join(dir, "verdict.json"));
  if (verdict.ended.how !== "aborted") {
    // Where the generator was not fit nothing is beyond doubt, and the run goes on to its end.
    expect(verdict.checks.filter(({ status }) => status === "unknown")).not.toEqual([]);
    return expect([exit, verdict.ended.how]).toEqual([3, "completed"]);
  }
  expect(verdict.ended).toMatchObject({ check: "close-codes", phase: expect.stringContaining("terminate") });
  expect([exit, verdict.overall]).toEqual([1, "breached"]);
  const history = await linesOf<HistoryEvent>(path.join(dir, "history.jsonl"));
  const at = (what: string) => history.findLast((event) => "what" in event && event.what === what)?.atMs;
  expect(at("stopping")).toBeLessThan(60_000);
  // Stopped over the control channel: every client left, and said so.
  expect(history.some((event) => event.kind === "load" && event.what === "bye")).toBe(true);
}, 180_000);
