import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadCatalog } from "./catalog.ts";
import { parseDurationMs, showDuration } from "./duration.ts";
import { Mistakes } from "./mistakes.ts";
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
    engine: "k6",
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

  test("a probe beside k6 only: one listener for ten clients, ten at most; none in a system of somebody else", async () => {
    const probe = async (changes: Partial<Request>) =>
      (await plan(request(changes), catalog)).probe?.subscriptions;
    expect(await probe({ params: ["clients=12"] })).toBe(2);
    expect(await probe({ params: ["clients=500"] })).toBe(10);
    expect(await probe({ params: ["clients=12"], probe: 5 })).toBe(5);
    expect(await probe({ probe: 0 })).toBeUndefined();
    expect(await probe({ engine: "native" })).toBeUndefined();
    // it would be a victim that nobody judges
    expect(await probe({ faults: ["frame-drop@9s..10s:server-1/clients"] })).toBeUndefined();
    const target = {
      kind: "external",
      urls: ["ws://127.0.0.1:1/"],
      connectHeaders: {},
      metricsUrls: [],
    } as const;
    expect(await probe({ target })).toBeUndefined();
    expect(await probe({ target, probe: 3 })).toBe(3);
    await expect(probe({ probe: 21 })).rejects.toMatchObject({
      list: [expect.objectContaining({ code: "SW_USAGE" })],
    });
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

  test("rule 6: whatever is asked for, the load itself is judged, and once", async () => {
    const names = async (checks: string[]) =>
      (await plan(request({ checks }), catalog)).checks.map(({ name }) => name);
    expect(await names(["no-duplicate"])).toEqual(["no-duplicate", "generator-valid"]);
    expect(await names(["generator-valid", "no-duplicate", "no-duplicate"])).toEqual([
      "generator-valid",
      "no-duplicate",
    ]);
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

  test("C64: a scenario's own limit holds until --limit says otherwise, and leaves the other phases alone", async () => {
    const fault = async (limits: string[]) => {
      const { checks } = await plan(request({ scenario: "compound-fault", limits }), catalog);
      return checks.find(({ name }) => name === "delivery-p99")?.limits;
    };
    const standard = catalog.checks.get("delivery-p99")?.limits;
    expect(await fault([])).toEqual({ ...standard, fault: 10_000 });
    expect(await fault(["delivery-p99.fault=50"])).toEqual({ ...standard, fault: 50 });
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

  test("a fault repeats, each time with a victim of its own, the same by the same seed", async () => {
    const faults = ["cut@8s..9s:server-any/redis,every=5s,times=4"];
    const { timeline } = await plan(request({ faults }), catalog);
    expect(timeline.map(({ index, fromMs, toMs }) => [index, fromMs, toMs])).toEqual([
      [0, 8_000, 9_000],
      [1, 13_000, 14_000],
      [2, 18_000, 19_000],
      [3, 23_000, 24_000],
    ]);
    const victims = async (seed: number) =>
      (await plan(request({ faults, seed }), catalog)).timeline.map(({ target }) => target).join();
    expect(await victims(7)).toBe(timeline.map(({ target }) => target).join());
    const some = await Promise.all(Array.from({ length: 10 }, (_, seed) => victims(seed)));
    expect(new Set(some).size).toBeGreaterThan(3);
    expect(some.some((drawn) => new Set(drawn.split(",")).size > 1)).toBe(true);
  });

  test("a condition is data, with its last chance: as late as the window still has room", async () => {
    const { timeline, timing } = await plan(
      request({
        faults: [
          "kill@when(ledger.sent>5000)+2s:server-any",
          "latency@when(ledger.subscribed<10)+500ms..1.5s:server-1/redis,latencyMs=50",
          "cut@after(baseline-stable)+3s:server-2/clients,schedule=late",
        ],
        limits: ["delivery-p99.baseline=77"],
      }),
      catalog,
    );
    const { publishUntilMs, warmUpMs } = timing;
    expect(timeline).toMatchObject([
      {
        fromMs: 0,
        toMs: 2_000,
        when: {
          kind: "number",
          quantity: "ledger.sent",
          is: ">",
          value: 5_000,
          untilMs: publishUntilMs - 2_000,
        },
      },
      {
        fromMs: 500,
        toMs: 1_500,
        params: { latencyMs: 50 },
        when: { quantity: "ledger.subscribed", is: "<", value: 10, untilMs: publishUntilMs - 1_500 },
      },
      {
        schedule: "late",
        when: { kind: "baseline-stable", fromMs: warmUpMs, forMs: 5_000, deliveryP99Ms: 77 },
      },
    ]);
    expect(JSON.parse(JSON.stringify(timeline))).toEqual(timeline);
  });

  test.each([
    ["kill@when(ledger.sents>5)+2s:server-1", 'no ledger.sents\nhint did you mean "ledger.sent"?'],
    ["kill@when(sent=5)+2s:server-1", "cannot read the condition when(sent=5)"],
    ["kill@when(ledger.sent>5)..2s:server-1", "cannot read --fault"],
    ["kill@when(ledger.sent>5)+40s:server-1", "lies outside the run"],
    ["kill@after(baseline-stable)+25s:server-1", "lies outside the run"],
    ["kill@10s..11s:server-1,every=9s,times=9", "lies outside the run"],
    ["kill@10s..11s:server-1,every=9s", "cannot read how often"],
    ["kill@10s..11s:server-1,every=9,times=2", "cannot read how often"],
    ["kill@10s..14s:server-1,every=3s,times=2", "two windows of kill on server-1 overlap"],
    ["command@10s..11s:app-1", "fault command on app-1 has no inject and no observe and no undo command"],
  ])("%s is refused: %s", async (text, why) => {
    const error = await plan(request({ faults: [text] }), catalog).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Mistakes);
    const told = (error as Mistakes).list.map(({ message, hint }) => `${message}\nhint ${hint}`);
    expect(told).toEqual([expect.stringContaining(why)]);
  });

  test("windows of the same fault on one target that wait for the same condition may not overlap", async () => {
    const both = (second: string) =>
      plan(request({ faults: ["kill@when(ledger.sent>5)+2s:server-1", second] }), catalog);
    await expect(both("kill@when(ledger.sent>5)+1s..3s:server-1")).rejects.toThrow("overlap");
    // Nobody can know: the run itself refuses the second if it comes to that.
    expect((await both("kill@when(ledger.sent>6)+1s..3s:server-1")).timeline).toHaveLength(2);
  });

  test("a user's commands come from --fault-command, by target, and say whether they drop connections", async () => {
    const { timeline } = await plan(
      request({
        faults: ["command@8s..9s:app-1", "command@12s..13s:db,drops=false"],
        faultCommands: [
          "app-1.inject=docker kill app-1, please",
          "app-1.observe=! curl -sf http://127.0.0.1/?a=b",
          "app-1.undo=docker start app-1",
          ...["inject", "observe", "undo"].map((step) => `db.${step}=true`),
        ],
      }),
      catalog,
    );
    expect(
      timeline.map(({ target, params, drops }) => [target, params.inject, params.observe, drops]),
    ).toEqual([
      ["app-1", "docker kill app-1, please", "! curl -sf http://127.0.0.1/?a=b", true],
      ["db", "true", "true", false],
    ]);
    const unused = plan(request({ faultCommands: ["app-2.undo=true", "app-2.mend=true"] }), catalog);
    await expect(unused).rejects.toThrow(/cannot read --fault-command[\s\S]*no fault of this run acts on it/);
  });

  describe("rule 8: caps on a system off this machine", () => {
    const external = (url: string) => ({
      kind: "external" as const,
      urls: [url],
      connectHeaders: {},
      metricsUrls: [],
    });
    const away = external("wss://shop.example/ws");

    test("are safe unless somebody says otherwise, and part of the plan", async () => {
      const planned = await plan(request({ target: away }), catalog);
      expect(planned.target).toMatchObject({ caps: { connections: 100, ratePerSecond: 100 } });
      const more = await plan(request({ target: away, maxConnections: 70, maxRate: 300 }), catalog);
      expect(more.target).toMatchObject({ caps: { connections: 70, ratePerSecond: 300 } });
    });

    test("this machine has none, unless asked for", async () => {
      for (const url of ["ws://127.1.2.3:9/", "ws://localhost:9/", "ws://[::1]:9/"]) {
        const { target } = await plan(request({ target: external(url), params: ["clients=500"] }), catalog);
        expect(target).not.toHaveProperty("caps");
      }
      const capped = plan(request({ target: external("ws://127.0.0.1:9/"), maxConnections: 5 }), catalog);
      await expect(capped).rejects.toThrow("60 connections are more than the 5 that are allowed");
    });

    test("refuse what is known to be too much before anything is sent", async () => {
      await expect(plan(request({ target: away, params: ["clients=101"] }), catalog)).rejects.toThrow(
        "101 connections are more than the 100 that are allowed",
      );
      await expect(plan(request({ target: away, params: ["publishEveryMs=100"] }), catalog)).rejects.toThrow(
        "600 messages a second are more than the 100 that are allowed",
      );
    });
  });

  test.each([
    ["storm-slow-database", ["latency", "latency", "latency", "kill"]],
    ["deploy-without-redis", ["terminate", "terminate", "kill"]],
  ])("C64: %s is one schedule of several faults, all within one window", async (compound, faults) => {
    const { timeline } = await plan(
      request({ scenario: "compound-fault", params: [`compound=${compound}`] }),
      catalog,
    );
    expect(timeline.map(({ fault }) => fault)).toEqual(faults);
    expect(new Set(timeline.map(({ schedule }) => schedule))).toEqual(new Set([compound]));
    const sharp = timeline.at(-1);
    expect(sharp?.fromMs).toBeGreaterThan(Math.min(...timeline.map(({ fromMs }) => fromMs)));
    expect(sharp?.toMs).toBeLessThan(Math.max(...timeline.map(({ toMs }) => toMs)));
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
