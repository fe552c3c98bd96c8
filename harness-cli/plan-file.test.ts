import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Plan } from "../reports/record/plan.ts";
import { loadCatalog } from "./catalog.ts";
import { Mistakes } from "./mistakes.ts";
import { plan } from "./plan.ts";
import { readPlan } from "./plan-file.ts";

const catalog = await loadCatalog();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "seaworthy-plan-file-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(planned: unknown): Promise<Plan> {
  const file = path.join(folder, "plan.json");
  await writeFile(file, JSON.stringify(planned));
  return readPlan(file, catalog, ".");
}

const whole = (target: Parameters<typeof plan>[0]["target"], faults: string[], more = {}) =>
  plan(
    {
      ...{ scenario: "ramp", params: [], faults, defects: [], checks: [], limits: [] },
      ...{ seed: 7, timeScale: 1, engine: "k6", target, cwd: ".", ...more },
    },
    catalog,
  );

test("rule 1: a plan with conditions, repetitions, schedules and frames is read back as it was", async () => {
  const planned = await whole({ kind: "reference", instances: 3 }, [
    "kill@when(ledger.sent>5000)+1s..3s:server-any,schedule=both",
    "cut@after(baseline-stable)+2s:server-any/redis,schedule=both",
    "latency@8s..9s:server-any/clients,every=3s,times=5",
    "frame-drop@8s..9s:server-1/clients",
  ]);
  expect(await read(planned)).toEqual(planned);
});

test("rule 8: a plan of a system off this machine is read back with its caps, and refused without them being kept", async () => {
  const away = {
    kind: "external" as const,
    urls: ["wss://shop.example/ws"],
    connectHeaders: {},
    metricsUrls: [],
  };
  const commands = ["inject", "observe", "undo"].map((step) => `app.${step}=true`);
  const planned = await whole(away, ["command@8s..9s:app"], { faultCommands: commands });
  expect(await read(planned)).toEqual(planned);
  const { caps: _, ...uncapped } = planned.target as Extract<Plan["target"], { kind: "external" }>;
  await expect(read({ ...planned, clients: 101, target: uncapped })).rejects.toThrow("101 connections");
});

test("rule 6: a plan that does not judge the load itself is refused", async () => {
  const planned = await whole({ kind: "reference", instances: 3 }, []);
  const checks = planned.checks.filter(({ name }) => name !== "generator-valid");
  await expect(read({ ...planned, checks })).rejects.toThrow(
    "SW_BAD_PLAN: the plan has no check generator-valid",
  );
});

test("rule 1: every plan that can be made can be read back", async () => {
  const number = fc.oneof(fc.nat(100), fc.double({ min: 0, max: 100, noNaN: true }), fc.double());
  await fc.assert(
    fc.asyncProperty(fc.maxSafeNat(), number, number, number, async (seed, clients, holdS, limit) => {
      const params = [`clients=${clients}`, `holdMs=${1_000 * holdS}`];
      const limits = [`delivery-p99=${limit}`];
      const target = { kind: "reference", instances: 3 } as const;
      const planned = await whole(target, [], { seed, params, limits }).catch((error: unknown) => {
        expect(error).toBeInstanceOf(Mistakes);
      });
      if (planned) expect(await read(planned)).toEqual(planned);
    }),
    {
      examples: [
        [1, 2.5, 5, 5],
        [1, 12, 5, -5],
        [1, 12, 5.00001, 0.5],
      ],
    },
  );
});

test("a plan with addresses that are none is refused", async () => {
  const urls = ["ws://127.0.0.1:9/ws"];
  const planned = await whole({ kind: "external", urls, connectHeaders: {}, metricsUrls: [] }, []);
  for (const wrong of [{ urls: ["foo"] }, { urls: ["http://127.0.0.1:9/"] }, { metricsUrls: [""] }]) {
    await expect(read({ ...planned, target: { ...planned.target, ...wrong } })).rejects.toThrow("// address");
  }
});

test("what an edit has made wrong is said", async () => {
  const planned = await whole({ kind: "reference", instances: 3 }, ["kill@when(ledger.sent>5)+3s:server-1"]);
  const [window] = planned.timeline;
  const edited = (change: object) => read({ ...planned, timeline: [{ ...window, ...change }] });
  await expect(edited({ toMs: 4_000 })).rejects.toThrow("empty or outside the run");
  await expect(edited({ when: { ...window?.when, quantity: "ledger.cent" } })).rejects.toThrow(
    "not a plan of format 1",
  );
  await expect(edited({ fault: "command", params: {} })).rejects.toThrow();
});

test.each([...catalog.scenarios.keys()])("rule 1: the plan of %s can be read back", async (scenario) => {
  for (const [engine, timeScale] of [
    ["k6", 1],
    ["native", 0.5],
  ] as const) {
    const planned = await whole({ kind: "reference", instances: 3 }, [], { scenario, engine, timeScale });
    expect(await read(planned)).toEqual(planned);
  }
});

test("rule 8: who plays what, how many they are and for how long follows from the parameters", async () => {
  const planned = await whole({ kind: "reference", instances: 3 }, []);
  const [chatter] = planned.roles;
  const { timing } = planned;
  await expect(read({ ...planned, clients: 1 })).rejects.toThrow(
    "clients in the plan is not what scenario ramp",
  );
  await expect(read({ ...planned, roles: [] })).rejects.toThrow("roles in the plan is not what");
  await expect(read({ ...planned, roles: [{ ...chatter, name: "nobody" }] })).rejects.toThrow("SW_BAD_PLAN");
  await expect(read({ ...planned, timing: { ...timing, endMs: 1 } })).rejects.toThrow("timing in the plan");
});
