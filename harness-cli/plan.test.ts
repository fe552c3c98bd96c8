import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadCatalog } from "./catalog.ts";
import { parseDurationMs, showDuration } from "./duration.ts";
import { plan, type Request } from "./plan.ts";

const catalog = await loadCatalog();

function request(changes: Partial<Request> = {}): Request {
  return {
    scenario: "ramp",
    params: [],
    faults: [],
    defects: [],
    checks: [],
    limits: [],
    seed: 7,
    timeScale: 1,
    target: { kind: "reference", instances: 3 },
    cwd: ".",
    ...changes,
  };
}

describe("a plan", () => {
  test("is complete, plain JSON, and the same for the same request", async () => {
    const faults = ["kill@12s..14s:server-any", "latency@8s..10s:server-any/clients,latencyMs=50"];
    const first = await plan(request({ faults }), catalog);
    expect(JSON.parse(JSON.stringify(first))).toEqual(first);
    expect(await plan(request({ faults }), catalog)).toEqual(first);
    const ramp = catalog.scenarios.get("ramp");
    expect(Object.keys(first.scenario.params).sort()).toEqual(Object.keys(ramp?.params ?? {}).sort());
    expect(first.checks.map((check) => check.name)).toEqual(ramp?.checks);
  });

  test("draws its victims by the seed: every instance is drawn by some seed, always the same by one", async () => {
    const victim = async (seed: number) =>
      (await plan(request({ seed, faults: ["kill@12s..14s:server-any"] }), catalog)).timeline[0]?.target;
    const victims = await Promise.all(Array.from({ length: 40 }, (_, seed) => victim(seed)));
    expect(new Set(victims)).toEqual(new Set(["server-1", "server-2", "server-3"]));
    expect(await victim(3)).toBe(victims[3]);
  });

  test("E26: server-all makes one window for each instance, numbered", async () => {
    const { timeline } = await plan(request({ faults: ["cut@8s..10s:server-all/postgres"] }), catalog);
    expect(timeline.map(({ index, target }) => [index, target])).toEqual([
      [0, "server-1/postgres"],
      [1, "server-2/postgres"],
      [2, "server-3/postgres"],
    ]);
  });

  test("a fault explains close codes only where clients are connected to what it breaks", async () => {
    const { timeline } = await plan(
      request({
        faults: ["cut@8s..10s:server-1/clients", "cut@8s..10s:server-1/redis", "kill@8s..10s:server-2"],
      }),
      catalog,
    );
    expect(timeline.map(({ target, closes, drops }) => [target, closes, drops])).toEqual([
      ["server-1/clients", [1006], true],
      ["server-1/redis", [], false],
      ["server-2", [1006], true],
    ]);
  });

  test("B16: a client defect sets the scenario's parameters, against what was asked", async () => {
    const planned = await plan(
      request({
        scenario: "reconnect-storm",
        params: ["reconnect=full-jitter"],
        defects: ["reconnect-fixed-delay"],
      }),
      catalog,
    );
    expect([planned.scenario.params.reconnect, planned.clientDefects]).toEqual([
      "fixed",
      ["reconnect-fixed-delay"],
    ]);
    expect(planned.target).toMatchObject({ defects: [] });
  });

  test("--limit changes one phase, or all that the check judges", async () => {
    const { checks } = await plan(
      request({ limits: ["delivery-p99.baseline=50", "no-duplicate=3"] }),
      catalog,
    );
    const limitsOf = (name: string) => checks.find((check) => check.name === name)?.limits;
    expect(limitsOf("delivery-p99")).toEqual({ ...catalog.checks.get("delivery-p99")?.limits, baseline: 50 });
    expect(new Set(Object.values(limitsOf("no-duplicate") ?? {}))).toEqual(new Set([3]));
  });

  test("somebody else's system is judged only by what can be seen of it", async () => {
    const url = {
      kind: "external" as const,
      urls: ["ws://127.0.0.1:9/ws"],
      connectHeaders: {},
      metricsUrls: [],
    };
    const { checks } = await plan(request({ target: url }), catalog);
    const names = checks.map((check) => check.name);
    expect(names).not.toContain("no-phantom");
    expect(names).not.toContain("send-queue-depth");
    expect(names).toContain("no-lost-message");
  });

  test("a scenario's own faults hold until others are given", async () => {
    const storm = await plan(request({ scenario: "reconnect-storm" }), catalog);
    expect(storm.timeline.map((window) => window.fault)).toEqual(["kill"]);
    const other = await plan(
      request({ scenario: "reconnect-storm", faults: ["cut@10s..11s:server-1/clients"] }),
      catalog,
    );
    expect(other.timeline.map((window) => window.fault)).toEqual(["cut"]);
  });
});

test("a duration has a unit, and is read back as it is shown", () => {
  expect(["10s", "1500ms", "2m", "0.5s", "10", "s", "-1s", "1h", ""].map(parseDurationMs)).toEqual([
    10_000,
    1_500,
    120_000,
    500,
    ...[undefined, undefined, undefined, undefined, undefined],
  ]);
  fc.assert(fc.property(fc.nat(10_000_000), (ms) => parseDurationMs(showDuration(ms)) === ms));
});
