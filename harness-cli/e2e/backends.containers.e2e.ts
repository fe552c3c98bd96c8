import path from "node:path";
import { describe, expect, inject, test } from "vitest";
import { jsonOf, onlyRun, sandbox } from "./cli-process.ts";

interface VerdictFile {
  readonly overall: string;
  readonly ended: { readonly how: string };
  readonly probe?: { readonly probeP99Ms: number };
  readonly checks: readonly {
    readonly name: string;
    readonly phase: string;
    readonly status: string;
    readonly measured: number | null;
  }[];
}

/**
 * Few clients: two systems of one machine are compared, and neither may be starved. Times are each backend's own (a
 * container needs a second to start again): printed, and held to nothing here.
 */
const RAMP = [
  ...["ramp", "-p", "clients=18", "-p", "roomSize=6", "-p", "rampMs=1000"],
  ...["--limit", "delivery-p99=60000"],
];

/** Ways to use the same ports: no fault, links, processes, stores, balancers, and systems that are broken on purpose. */
const cases: readonly { readonly name: string; readonly args: readonly string[]; readonly comes: string }[] =
  [
    { name: "chat", args: [...RAMP, "-p", "holdMs=8000"], comes: "met" },
    {
      name: "a slow link and a killed instance",
      args: [
        ...[...RAMP, "-p", "holdMs=24000"],
        ...["--fault", "latency@6s..9s:server-1/clients,latencyMs=100", "--fault", "kill@14s..16s:server-2"],
      ],
      comes: "met",
    },
    {
      name: "a frozen instance",
      args: [...RAMP, "-p", "holdMs=20000", "--fault", "freeze@6s..8s:server-3"],
      comes: "met",
    },
    {
      name: "Redis restarts empty",
      args: [...RAMP, "-p", "holdMs=20000", "--fault", "redis-restart-empty@6s..8s:redis"],
      comes: "met",
    },
    {
      name: "a broker in each instance's own memory",
      args: [...RAMP, "-p", "holdMs=8000", "--defect", "in-memory-broker-in-cluster"],
      comes: "breached",
    },
    {
      name: "behind nginx: a server is drained, then nginx is reloaded",
      args: [
        ...[...RAMP, "-p", "holdMs=24000", "--balancer", "nginx"],
        ...["--fault", "drain-server@6s..9s:server-1/balancer"],
        ...["--fault", "balancer-reload@13s..20s:balancer,graceMs=300"],
      ],
      comes: "met",
    },
    {
      name: "behind haproxy: everybody gets in and hears everything",
      args: ["proxy-matrix", "-p", "holdMs=6s", "--balancer", "haproxy", "--balance", "least-connections"],
      comes: "met",
    },
    {
      name: "behind an nginx that strips Upgrade",
      args: ["proxy-matrix", "-p", "holdMs=6s", "--balancer", "nginx", "--defect", "upgrade-header-stripped"],
      comes: "breached",
    },
  ];

describe.skipIf(inject("noContainers") !== undefined)("both backends give the same verdict", () => {
  test.each(cases.map((each) => [each.name, each] as const))(
    "%s",
    { tags: "timed" },
    async (name, { args, comes }) => {
      const [processes, containers] = [await judged("processes", args), await judged("containers", args)];
      for (const verdict of [processes, containers]) expect(verdict.ended.how).toBe("completed");
      const cost = [processes, containers].map((verdict) => `${p99(verdict)} ms`).join(" and ");
      console.info(`${name}: ${processes.overall} and ${containers.overall}; delivery p99 ${cost}`);
      // What neither could judge (a machine that was busy) is no difference; what both could, must be the same.
      const statusOf = (verdict: VerdictFile) =>
        new Map(verdict.checks.map((check) => [`${check.name}, ${check.phase}`, check.status]));
      const there = statusOf(containers);
      const both = [...statusOf(processes)].filter(
        ([check, status]) => status !== "unknown" && there.has(check) && there.get(check) !== "unknown",
      );
      expect(both.length).toBeGreaterThan(0);
      expect(both.map(([check]) => [check, there.get(check)])).toEqual(both);
      for (const { overall } of [processes, containers]) expect([comes, "unknown"]).toContain(overall);
    },
  );
});

async function judged(runAs: string, args: readonly string[]): Promise<VerdictFile> {
  await using box = await sandbox();
  const { exit, err } = await box.run("run", ...args, "--run-as", runAs, "--seed", "7", "--json");
  expect([exit, exit === 4 || exit === 2 ? err : ""]).toEqual([exit, ""]);
  return jsonOf<VerdictFile>(path.join(await onlyRun(box.runs), "verdict.json"));
}

/** In the baseline, as k6 saw it. */
function p99({ checks }: VerdictFile): string {
  const { measured } =
    checks.find(({ name, phase }) => name === "delivery-p99" && phase === "baseline") ?? {};
  return measured === undefined || measured === null ? "?" : measured.toFixed(1);
}
