import path from "node:path";
import { describe, expect, test } from "vitest";
import type { Plan } from "../../reports/record/plan.ts";
import ramp from "../../scenarios/ramp.ts";
import { entryText, shardsOf } from "./entry.ts";

const root = path.resolve(import.meta.dirname, "../..");

function options(name: string, target: Plan["target"]) {
  const plan: Plan = {
    format: 1,
    seed: 3,
    nonce: "abc123",
    timeScale: 1,
    scenario: { name, params: ramp.params },
    engine: "k6",
    timing: ramp.timing(ramp.params),
    clients: 60,
    roles: [{ name: "chatter", clients: 60, engine: "k6", provokes: [] }],
    clientDefects: [],
    target,
    timeline: [],
    checks: [],
  };
  const access = { kind: "headers" as const, headers: { login: "{user}", passcode: 'a"b\\c\u2028' } };
  return {
    plan,
    runDir: path.join(root, "runs", "one"),
    endpoints: ["ws://127.0.0.1:1/ws"],
    access,
    cwd: "/home/x",
  };
}

const reference = { kind: "reference", instances: 3, defects: [], runAs: "processes" } as const;

function configIn(text: string): Record<string, unknown> {
  const literal = /const config = (\{[\s\S]*?\n\});/.exec(text)?.[1];
  return JSON.parse(literal ?? "") as Record<string, unknown>;
}

test("rule 1: the entry holds all that the load needs, and the same plan gives the same bytes", () => {
  const text = entryText(options("ramp", reference), "k6");
  expect(entryText(options("ramp", reference), "k6")).toBe(text);
  expect(configIn(text)).toEqual({
    scenario: "ramp",
    seed: 3,
    nonce: "abc123",
    timeScale: 1,
    params: ramp.params,
    timing: { warmUpMs: 8_000, publishUntilMs: 36_000, endMs: 38_000 },
    endpoints: ["ws://127.0.0.1:1/ws"],
    access: { kind: "headers", headers: { login: "{user}", passcode: 'a"b\\c\u2028' } },
    reference: true,
    shards: [{ vu: 1, roles: ["chatter"], part: 0, parts: 1 }],
    vusInAll: 1,
  });
});

test("it imports relative to the run, so that project and run can move together", () => {
  const text = entryText(options("ramp", reference), "k6");
  expect(text).toContain('from "../../scenarios/ramp.ts";');
  expect(text).toContain('from "../../scenarios/k6/engine.ts";');
  expect(text).not.toContain(root);
});

test("a user's own scenario is found from where the command was given", () => {
  const text = entryText(options("./load/mine.ts", reference), "k6");
  const relative = path.relative(path.join(root, "runs", "one"), "/home/x/load/mine.ts");
  expect(text).toContain(`import scenario from ${JSON.stringify(relative)};`);
});

test("A40: only the reference server is asked for /user/queue/reply", () => {
  const external = { kind: "external", urls: [], connectHeaders: {}, metricsUrls: [] } as const;
  expect(configIn(entryText(options("ramp", external), "k6")).reference).toBe(false);
});

describe("who plays what", () => {
  const { plan } = options("ramp", reference);
  const role = (name: string, clients: number, engine: "k6" | "native") => ({
    name,
    clients,
    engine,
    provokes: [],
  });

  test("native roles have threads of their own, numbered after k6's, and each client is played once", () => {
    const mixed = {
      ...plan,
      roles: [role("a", 60, "k6"), role("b", 2_500, "native"), role("c", 1, "native"), role("d", 5, "k6")],
    };
    expect(shardsOf(mixed, "k6", 4)).toEqual([{ vu: 1, roles: ["a", "d"], part: 0, parts: 1 }]);
    expect(shardsOf(mixed, "native", 4)).toEqual([
      { vu: 2, roles: ["b"], part: 0, parts: 3 },
      { vu: 3, roles: ["b"], part: 1, parts: 3 },
      { vu: 4, roles: ["b"], part: 2, parts: 3 },
      { vu: 5, roles: ["c"], part: 0, parts: 1 },
    ]);
    // On two cores one thread has to do.
    expect(shardsOf(mixed, "native", 2).map(({ parts }) => parts)).toEqual([1, 1]);
  });

  test("an engine that has nothing to do has no VU, and the other one's numbers begin at 1", () => {
    expect(shardsOf(plan, "native", 4)).toEqual([]);
    const native = { ...plan, roles: [role("a", 10, "native")] };
    expect(shardsOf(native, "k6", 4)).toEqual([]);
    expect(shardsOf(native, "native", 4)).toEqual([{ vu: 1, roles: ["a"], part: 0, parts: 1 }]);
  });

  test("an entry of one of two engines says what it leaves out", () => {
    const mixed = { ...plan, roles: [role("a", 60, "k6"), role("b", 1, "native")] };
    const text = entryText({ ...options("ramp", reference), plan: mixed }, "native", 2);
    expect(text).toContain("without a, which another engine plays");
    expect(text).toContain('import { playNative } from "../../scenarios/native/engine.ts";');
    expect(configIn(text)).toMatchObject({ vusInAll: 2, shards: [{ vu: 2, roles: ["b"] }] });
  });
});
