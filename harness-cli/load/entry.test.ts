import path from "node:path";
import { expect, test } from "vitest";
import type { Plan } from "../../reports/record/plan.ts";
import ramp from "../../scenarios/ramp.ts";
import { entryText } from "./entry.ts";

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
  const literal = /k6Script\(scenario, (\{[\s\S]*\})\);/.exec(text)?.[1];
  return JSON.parse(literal ?? "") as Record<string, unknown>;
}

test("rule 1: the entry holds all that the load needs, and the same plan gives the same bytes", () => {
  const text = entryText(options("ramp", reference));
  expect(entryText(options("ramp", reference))).toBe(text);
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
    vus: 1,
  });
});

test("it imports relative to the run, so that project and run can move together", () => {
  const text = entryText(options("ramp", reference));
  expect(text).toContain('from "../../scenarios/ramp.ts";');
  expect(text).toContain('from "../../scenarios/k6/engine.ts";');
  expect(text).not.toContain(root);
});

test("a user's own scenario is found from where the command was given", () => {
  const text = entryText(options("./load/mine.ts", reference));
  const relative = path.relative(path.join(root, "runs", "one"), "/home/x/load/mine.ts");
  expect(text).toContain(`import scenario from ${JSON.stringify(relative)};`);
});

test("A40: only the reference server is asked for /user/queue/reply", () => {
  const external = { kind: "external", urls: [], connectHeaders: {}, metricsUrls: [] } as const;
  expect(configIn(entryText(options("ramp", external))).reference).toBe(false);
});
