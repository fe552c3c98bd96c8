import { describe, expect, test } from "vitest";
import type { Reference } from "../reports/record/plan.ts";
import { loadCatalog } from "./catalog.ts";
import type { Mistakes } from "./mistakes.ts";
import { plan, type Request } from "./plan.ts";
import { neededBalancer } from "./run-as.ts";

const catalog = await loadCatalog();

function request(changes: Partial<Request> = {}): Request {
  return {
    scenario: "ramp",
    params: [],
    faults: [],
    defects: [],
    checks: [],
    limits: [],
    seed: 1,
    engine: "k6",
    target: { kind: "reference", instances: 3 },
    cwd: "/",
    ...changes,
  };
}

const balancerOf = async (changes: Partial<Request>) =>
  ((await plan(request(changes), catalog)).target as Reference).balancer;
const behind = (balancer: string, balance?: string) => ({
  target: { kind: "reference" as const, instances: 3, balancer, balance },
});
const messagesOf = (planned: Promise<unknown>) =>
  planned.then(
    () => [],
    (mistakes: Mistakes) => mistakes.list.map(({ message }) => message),
  );

describe("the balancer of a plan", () => {
  test("there is none unless somebody wants one", async () => {
    expect(await balancerOf({})).toBeUndefined();
  });

  test("F1, F2, F6: what is asked for, set up as every guide says", async () => {
    expect(await balancerOf(behind("haproxy", "least-connections"))).toEqual({
      program: "haproxy",
      balance: "least-connections",
      idleTimeoutMs: 3_600_000,
      passesUpgrade: true,
      upstreamHttp: "1.1",
      forwardsHeaders: true,
      buffers: false,
      failsOver: true,
      deadServers: 0,
      connectionsMax: 0,
      defects: [],
    });
  });

  test.each(["nginx", "haproxy"])(
    "E40: %s in front of containers, with the same faults and defects",
    async (balancer) => {
      const inContainers = (runAs: "containers" | "processes") =>
        plan(
          request({
            target: { kind: "reference", instances: 3, balancer, runAs },
            faults: ["balancer-reload@8s..10s:balancer", "drain-server@12s..14s:server-any/balancer"],
            defects: ["lb-idle-timeout-60s"],
          }),
          catalog,
        );
      const [there, here] = [await inContainers("containers"), await inContainers("processes")];
      expect(there.target).toEqual({ ...here.target, runAs: "containers" });
      expect(there.timeline).toEqual(here.timeline);
      // Its image is what is needed there, no program of this machine.
      expect([neededBalancer(there.target), neededBalancer(here.target)]).toEqual([undefined, balancer]);
    },
  );

  test("C16: a scenario about balancers brings one, its time scale and its servers' settings", async () => {
    const planned = await plan(request({ scenario: "idle-through-balancer" }), catalog);
    expect(planned).toMatchObject({
      timeScale: 0.1,
      target: { balancer: { program: "nginx" }, settings: { PINGS: "false" } },
      timing: { publishUntilMs: 2_000 + 3 * 6_000 + 2_000 },
    });
    const real = await plan(request({ scenario: "idle-through-balancer", timeScale: 1 }), catalog);
    expect(real.timing.publishUntilMs).toBe(2_000 + 3 * 60_000 + 2_000);
  });

  test("B1, B3: a defect of the balancer brings one, and says so; settings of the servers go with it", async () => {
    expect(await balancerOf({ defects: ["lb-idle-timeout-60s"] })).toMatchObject({
      program: "nginx",
      idleTimeoutMs: 60_000,
      defects: ["lb-idle-timeout-60s"],
    });
    const { target } = await plan(request({ defects: ["heartbeat-slower-than-idle-timeout"] }), catalog);
    expect(target).toMatchObject({
      defects: [],
      balancer: { idleTimeoutMs: 60_000 },
      settings: { HEARTBEAT_MS: "90000" },
    });
  });

  test("E40: faults find the balancer, each of its servers, and one that the seed draws", async () => {
    const faults = [
      "balancer-reload@8s..10s:balancer",
      "drain-server@8s..10s:server-all/balancer",
      "dead-upstream@12s..14s:server-any/balancer",
      "kill@16s..18s:balancer",
      "cut@20s..21s:balancer/clients",
    ];
    const { timeline } = await plan(request({ ...behind("nginx"), faults }), catalog);
    expect(timeline.map(({ fault, target }) => `${fault} ${target}`)).toEqual([
      "balancer-reload balancer",
      "drain-server server-1/balancer",
      "drain-server server-2/balancer",
      "drain-server server-3/balancer",
      expect.stringMatching(/^dead-upstream server-[123]\/balancer$/),
      "kill balancer",
      "cut balancer/clients",
    ]);
    // What ends everybody's connection is explained for everybody.
    expect(timeline.filter(({ drops }) => drops).map(({ fault }) => fault)).toEqual([
      "balancer-reload",
      "kill",
      "cut",
    ]);
    expect(timeline[0]?.closes).toEqual([1006]);
  });

  test("E40: a reload that ends nobody explains no close", async () => {
    const faults = ["balancer-reload@8s..10s:balancer,drops=false"];
    const { timeline } = await plan(request({ ...behind("nginx"), faults }), catalog);
    expect(timeline[0]).toMatchObject({ closes: [], drops: false });
  });

  test("mistakes are named, all of them", async () => {
    expect(await messagesOf(balancerOf(behind("nginxx")))).toEqual(['unknown balancer "nginxx"']);
    expect(await messagesOf(balancerOf(behind("nginx", "random")))).toEqual(['unknown --balance "random"']);
    expect(
      await messagesOf(balancerOf({ target: { kind: "reference", instances: 3, balance: "cookie" } })),
    ).toEqual(["--balance without a balancer"]);
    expect(
      await messagesOf(balancerOf({ faults: ["idle-timeout@8s..10s:balancer"], defects: ["no-such"] })),
    ).toEqual([
      'unknown defect "no-such"',
      'fault idle-timeout acts on a balancer, and no balancer is called "balancer"',
    ]);
    expect(
      await messagesOf(balancerOf({ ...behind("haproxy"), faults: ["http10-upstream@8s..10s:balancer"] })),
    ).toEqual(["fault http10-upstream is nothing that haproxy can be made to do"]);
    expect(await messagesOf(balancerOf({ ...behind("haproxy"), defects: ["http10-upstream"] }))).toEqual([
      "defect http10-upstream is nothing that haproxy can do",
    ]);
    expect(
      await messagesOf(
        balancerOf({
          defects: ["lb-idle-timeout-60s"],
          target: { kind: "external", urls: ["ws://127.0.0.1:1/ws"], connectHeaders: {}, metricsUrls: [] },
        }),
      ),
    ).toEqual([
      "defect lb-idle-timeout-60s is a setting of our own balancer, and --url names another system",
    ]);
  });
});
