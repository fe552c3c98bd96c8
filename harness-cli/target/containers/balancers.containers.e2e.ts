import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import networkDisconnect from "../../../chaos/faults/network-disconnect.ts";
import { leftWith } from "../../e2e/docker-command.ts";
import { bringUpReference, type ReferenceSystem } from "../../e2e/reference-system.ts";
import { healthyBalancer } from "../balancer/description.ts";
import { affinityTrials, balancerTrials } from "../fixtures/balancer-trials.ts";
import { portsOf, through } from "../fixtures/fault-trial.ts";

/** Everything of ours has this label. */
const OWNED = `seaworthy.pid=${process.pid}`;

describe.skipIf(inject("noContainers") !== undefined)("a balancer in containers", () => {
  describe.each(["nginx", "haproxy"] as const)("behind %s", (program) => {
    balancerTrials(program, "containers");
  });

  describe.each(["nginx", "haproxy"] as const)("behind %s with affinity", (program) => {
    affinityTrials(program, "containers");
  });

  describe.each(["nginx", "haproxy"] as const)("%s as a container", (program) => {
    let system: ReferenceSystem;
    let on: ReturnType<typeof portsOf>;
    beforeAll(async () => {
      system = await bringUpReference(
        2,
        1,
        {},
        { balancer: healthyBalancer(program, "round-robin"), runAs: "containers", framesEverywhere: true },
      );
      on = portsOf(system.target);
    });
    afterAll(async () => {
      await system?.[Symbol.asyncDispose]();
    });

    test("the same ports as with processes, one way in, its image named", async () => {
      const { links, processes, balancers = [] } = system.target.topology;
      expect(processes.map(({ name }) => name)).toEqual([
        "server-1",
        "server-2",
        "balancer",
        "redis",
        "postgres",
        "toxiproxy",
        "frame-proxy",
      ]);
      expect(links[0]?.name).toBe("balancer/clients");
      expect(balancers.map(({ name }) => name)).toEqual([
        "balancer",
        "server-1/balancer",
        "server-2/balancer",
      ]);
      expect(system.target.endpoints).toHaveLength(1);
      expect(system.target.versions).toMatchObject({ [program]: program === "nginx" ? "1.26" : "3.0" });
      expect(Object.keys(system.target.pids()).sort()).toEqual(processes.map(({ name }) => name).sort());
      await on.allWell();
    });

    test("E57: out of its network it is alive and unreachable, and it finds its way back", async () => {
      await through(networkDisconnect, on.process("balancer"));
      await on.allWell();
    });

    test("a configuration that it refuses is said in its own words, and what was in force stays in force", async () => {
      const bad = { idleTimeoutMs: Number.NaN };
      await expect(on.balancer().alter(bad)).rejects.toMatchObject({
        code: "SW_START_FAILED",
        message: expect.stringMatching(/refuses its configuration: [\s\S]*timeout/),
      });
      await on.allWell();
      await on.balancer().reload();
      expect((await on.balancer().visit(20_000))?.status).toBe(200);
    });

    test("disposing it leaves no container and no network; what it said is in the run's logs", async () => {
      expect((await leftWith(OWNED)).length).toBeGreaterThan(8);
      if (program === "haproxy")
        expect(await readFile(path.join(system.logs, "balancer.log"), "utf8")).toContain("New worker");
      await system.target[Symbol.asyncDispose]();
      expect(await leftWith(OWNED)).toEqual([]);
    });
  });
});
