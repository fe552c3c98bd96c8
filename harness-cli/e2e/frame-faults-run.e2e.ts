import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chooseVictims } from "../../chaos/frame-proxy/victims.ts";
import type { FaultEvent } from "../../chaos/timeline.ts";
import type { HistoryEvent } from "../../reports/record/history.ts";
import type { Telemetry } from "../../scenarios/model/telemetry.ts";
import { jsonOf, linesOf, onlyRun, type Sandbox, sandbox } from "./cli-process.ts";

interface CheckEntry {
  readonly name: string;
  readonly phase: string;
  readonly status: string;
  readonly measured: number | null;
  readonly counterexamples?: readonly { readonly client?: number; readonly message?: string }[];
}

const SEED = 11;
const CHAT = ["clients=12", "roomSize=4", "rampMs=2s", "holdMs=26s", "publishEveryMs=500"];
const FAULTS = [
  "frame-drop@6s..9s:server-1/clients",
  "frame-duplicate@10s..13s:server-2/clients",
  "receipt-swallow@14s..17s:server-3/clients",
  "half-open@18s..20s:server-1/clients",
  "frame-reorder@21s..25s:server-2/clients",
];

/** One run with five faults on single frames, each on one connection: which check says what of each. */
describe("faults on single frames, judged", () => {
  let box: Sandbox;
  let dir: string;
  let checks: readonly CheckEntry[];
  let events: readonly FaultEvent[];

  beforeAll(async () => {
    box = await sandbox();
    const params = CHAT.flatMap((pair) => ["-p", pair]);
    const faults = FAULTS.flatMap((fault) => ["--fault", fault]);
    await box.run("run", "ramp", ...params, "--seed", String(SEED), ...faults);
    dir = await onlyRun(box.runs);
    ({ checks } = await jsonOf<{ checks: CheckEntry[] }>(path.join(dir, "verdict.json")));
    events = (await linesOf<HistoryEvent>(path.join(dir, "history.jsonl"))).filter(
      (event): event is FaultEvent => event.kind === "fault",
    );
  });
  afterAll(() => box?.[Symbol.asyncDispose]());

  /** Number of the client that the history names as the fault's victim. */
  const victimOf = (fault: string) => {
    const detail = events.find((event) => event.fault === fault && event.step === "injected")?.detail;
    const [, client] = /^1 of 4 connections: user-(\d+) \(connection \d+\)$/.exec(detail ?? "") ?? [];
    return Number(client);
  };
  const duringOf = (check: string, fault: string) =>
    checks.find(({ name, phase }) => name === check && phase.startsWith(`during ${fault} `));

  test("each was injected, seen, undone and seen to be gone; its victim is named, and how many frames it hit", () => {
    for (const [index] of FAULTS.entries()) {
      const own = events.filter((event) => event.index === index);
      expect(own.map(({ step }) => step)).toEqual(["injecting", "injected", "observed", "healing", "healed"]);
      expect(own.at(-1)?.detail).toMatch(/^1 of 4 connections were hit, \d+ frames/);
    }
  });

  test("the victims are those that the seed ranks first among the users of that server", async () => {
    const usersOf = new Map<string, string[]>();
    for (const line of await linesOf<Telemetry>(path.join(dir, "ledger.jsonl"))) {
      if (line.type !== "flush") continue;
      for (const event of line.connections)
        if (event.what === "connected")
          usersOf.set(event.server ?? "", [
            ...(usersOf.get(event.server ?? "") ?? []),
            `user-${event.client}`,
          ]);
    }
    for (const text of FAULTS) {
      const [, label = "", server = ""] = /^([\w-]+)@.*:(server-\d)/.exec(text) ?? [];
      const [expected] = chooseVictims(usersOf.get(server) ?? [], (user) => user, {
        seed: SEED,
        label,
        count: 1,
      });
      expect(`user-${victimOf(label)}`, text).toBe(expected);
    }
  });

  /** A message belongs to the phase in which it was intended: one that was on its way at the beginning, to the one before. */
  const breachesOf = (check: string) =>
    checks.filter(({ name, status }) => name === check && status === "breached");

  test("frame-drop: no-lost-message is breached by one message to the victim, and by nothing else", () => {
    const client = victimOf("frame-drop");
    expect(breachesOf("no-lost-message")).toMatchObject([{ measured: 1, counterexamples: [{ client }] }]);
    expect(checks.filter(({ name }) => name === "no-lost-message").length).toBeGreaterThan(4);
  });

  test("E55: frame-duplicate: no-duplicate is breached once, and names the message and the victim", () => {
    const client = victimOf("frame-duplicate");
    const message = expect.stringMatching(/^\d+#\d+$/);
    expect(breachesOf("no-duplicate")).toMatchObject([
      { measured: 1, counterexamples: [{ client, message }] },
    ]);
  });

  test("receipt-swallow: one send of the victim is unknown, none is rejected, and its message is lost to nobody", async () => {
    const settled = new Map<string, string>();
    const sent: (readonly [string, number, number])[] = [];
    for (const line of await linesOf<Telemetry>(path.join(dir, "ledger.jsonl"))) {
      if (line.type !== "flush") continue;
      for (const [publisher, slot, , intendedMs] of line.sends)
        sent.push([`${publisher}#${slot}`, publisher, intendedMs]);
      for (const [publisher, slot, , outcome] of line.outcomes) settled.set(`${publisher}#${slot}`, outcome);
    }
    expect(sent.length).toBeGreaterThan(400);
    const open = sent.filter(([id]) => settled.get(id) !== "c" && settled.get(id) !== "r");
    expect(open.map(([, publisher]) => publisher)).toEqual([victimOf("receipt-swallow")]);
    expect([...settled.values()].filter((outcome) => outcome === "r")).toEqual([]);
    expect(duringOf("no-lost-message", "receipt-swallow")?.status).not.toBe("breached");
    const { stored } = (
      await linesOf<{ stored: [number, number, number][] }>(path.join(dir, "audit.jsonl"))
    )[0]!;
    const [publisher, slot] = open[0]![0].split("#").map(Number) as [number, number];
    expect(stored.some(([by, from, to]) => by === publisher && from <= slot && slot <= to)).toBe(true);
  });

  test("E4, E59: half-open heals on the same connection: nothing lost, nothing twice, nobody closed", async () => {
    for (const check of ["no-lost-message", "no-duplicate", "close-codes"])
      expect(duringOf(check, "half-open")?.status, check).not.toBe("breached");
    expect(checks.filter(({ name, status }) => name === "close-codes" && status === "breached")).toEqual([]);
    const connects = (await readFile(path.join(dir, "ledger.jsonl"), "utf8")).match(/"what":"connected"/g);
    expect(connects).toHaveLength(12); // nobody had to come again
  });

  test("frame-reorder: lost to nobody, and room-order is breached for the victim", () => {
    const client = victimOf("frame-reorder");
    expect(breachesOf("room-order")).toMatchObject([{ counterexamples: [{ client }] }]);
  });
});
