// @module-tag timed
import { describe, expect, test } from "vitest";
import { breached, C16, foundBy, lost, run } from "./balancer-runs.ts";

test("B1, C16: in real time: 60 s of silence, at a time scale of 1", async () => {
  const small = ["-p", "beatingClients=6", "-p", "silentClients=6", "-p", "rampMs=1s"];
  const real = [...C16, ...small, "--time-scale", "1"];
  const [healthy, broken] = await Promise.all([
    run(...real, "-p", "idleTimeouts=3"),
    run(...real, "-p", "idleTimeouts=1", "-p", "reconnect=full-jitter", "--defect", "lb-idle-timeout-60s"),
  ]);
  expect(lost(healthy)).toEqual([]);
  expect(healthy.plan.timing.publishUntilMs).toBeGreaterThanOrEqual(180_000);
  const closes = broken.connections.flatMap((each) =>
    each.what === "closed" && each.code === null ? [each] : [],
  );
  expect(new Set(closes.map(({ client }) => client))).toEqual(new Set([6, 7, 8, 9, 10, 11]));
  for (const { silentMs } of closes) expect(silentMs).toBeGreaterThan(59_000);
}, 400_000);

describe("C52: affinity by cookie", () => {
  const C52 = ["ramp", "--balance", "cookie", "--probe", "0", "--seed", "52"].concat(
    ["clients=24", "roomSize=4", "rampMs=1s", "holdMs=14s", "publishEveryMs=1s", "drainMs=1s"].flatMap(
      (param) => ["-p", param],
    ),
    ["--fault", "cut@4s..5s:balancer/clients"],
  );

  test.each([
    ["nginx", "k6"],
    ["haproxy", "k6"],
    ["nginx", "native"],
    ["haproxy", "native"],
  ])(
    "F8: behind %s every client of %s keeps a cookie of its own, and comes back to its server",
    async (program, engine) => {
      const ran = await run(...C52, "--balancer", program, "--engine", engine);
      const serversOf = Map.groupBy(
        ran.connections.filter((each) => each.what === "connected"),
        ({ client }) => client,
      );
      const first = [...serversOf.values()].map(([each]) => each?.server ?? "");
      expect(first).toHaveLength(24);
      for (const server of ["server-1", "server-2", "server-3"])
        expect(first.filter((name) => name === server).length, server).toBe(8);
      const again = [...serversOf.values()].filter((own) => own.length > 1);
      expect(again.length).toBeGreaterThan(12);
      for (const own of again) expect(new Set(own.map(({ server }) => server)).size).toBe(1);
      expect(breached(ran).filter((check) => check !== "recovery-time")).toEqual([]);
    },
  );
});

test("C52, INV-BALANCE: when everybody comes in anew, they are spread evenly again", async () => {
  const ran = await run("sticky-clients", "--balancer", "nginx", "--seed", "31");
  expect(foundBy("balance", ran)).toBe("");
  expect(breached(ran)).toEqual([]);
}, 180_000);

test("B31: with affinity each goes back to where it was, and the restarted one stays empty", async () => {
  const ran = await run("sticky-clients", "--balancer", "haproxy", "--defect", "sticky-skew", "--seed", "31");
  expect(foundBy("balance", ran)).toMatch(/the fullest instance carries 1\.\d+ times the mean/);
}, 180_000);

describe("C53: an instance goes and comes back while users keep coming", () => {
  const C53 = ["scale-in-out", "--seed", "53"];

  test.each(["nginx", "haproxy"])(
    "C53, F28: %s counts connections: the one that came back gets its share",
    async (program) => {
      const ran = await run(...C53, "--balancer", program);
      expect(foundBy("balance", ran)).toBe("");
      expect(breached(ran)).toEqual([]);
      expect(ran.plan.target).toMatchObject({ balancer: { balance: "least-connections" } });
    },
    180_000,
  );

  test("B33: in turn, it stays nearly empty", async () => {
    const ran = await run(...C53, "--defect", "no-rebalance-after-restart");
    expect(foundBy("balance", ran)).toMatch(/the fullest instance carries 1\.\d+ times the mean/);
  }, 180_000);
});
