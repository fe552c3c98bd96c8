import { beforeAll, describe, expect, test } from "vitest";
import { breached, C16, foundBy, lost, type Ran, run } from "./balancer-runs.ts";
import { eventually, sandbox } from "./cli-process.ts";

const C50 = ["proxy-matrix", "-p", "holdMs=6s", "--seed", "50"];

describe("C50: the same small chat through every way in", { tags: "timed" }, () => {
  let direct: Ran;
  beforeAll(async () => {
    direct = await run(...C50);
    expect(breached(direct)).toEqual([]);
  });

  test.each([
    ["nginx", "round-robin"],
    ["nginx", "least-connections"],
    ["nginx", "cookie"],
    ["haproxy", "round-robin"],
    ["haproxy", "least-connections"],
    ["haproxy", "cookie"],
  ])("F2, F3, F6: %s with %s, set up well: the same verdicts as the direct way", async (program, balance) => {
    const through = await run(...C50, "--balancer", program, "--balance", balance);
    expect(breached(through)).toEqual([]);
    const judged = ({ verdict }: Ran) => verdict.checks.map(({ name, phase }) => `${name} ${phase}`);
    expect(judged(through)).toEqual(judged(direct));
    expect(through.out).toMatch(new RegExp(`behind ${program}\\s+\\(${balance}\\)`));
    // Everybody dialled one address, and every server had its share.
    const servers = through.connections.flatMap((each) =>
      each.what === "connected" ? [each.server ?? ""] : [],
    );
    expect([...new Set(servers)].sort()).toEqual(["server-1", "server-2", "server-3"]);
    expect(
      new Set(through.connections.flatMap((each) => ("endpoint" in each ? [each.endpoint] : []))),
    ).toEqual(new Set([0]));
  });

  test.each([
    ["upgrade-header-stripped", "nginx", /100 %\) through nginx .*status 426 .*strips Upgrade/],
    ["upgrade-header-stripped", "haproxy", /100 %\) through haproxy .*status 426 .*strips Upgrade/],
    ["http10-upstream", "nginx", /100 %\) through nginx .*status 505 .*HTTP\/1\.0/],
    ["bad-gateway-on-upgrade", "nginx", /through nginx .*status 502 .*dead backend/],
    ["bad-gateway-on-upgrade", "haproxy", /through haproxy .*status 503 .*no server/],
  ])("B179, B180, B183: %s in %s has a diagnosis of its own", async (defect, program, diagnosis) => {
    const ran = await run(...C50, "--defect", defect, "--balancer", program);
    expect(foundBy("handshakes", ran)).toMatch(diagnosis);
    // Nothing else is to blame: what is not seen is unknown, not wrong.
    expect(breached(ran).filter((check) => check !== "handshakes")).toEqual([]);
    expect(ran.plan.target).toMatchObject({ balancer: { program, defects: [defect] } });
  });
});

describe("C16: quiet clients through a balancer, ten times quicker than production", {
  tags: "timed",
}, () => {
  test.each(["nginx", "haproxy"])(
    "an hour of %s's patience: nobody is lost in three times 6 s",
    async (program) => {
      const ran = await run(...C16, "--balancer", program);
      expect(lost(ran)).toEqual([]);
      expect(breached(ran)).toEqual([]);
      expect(ran.plan).toMatchObject({ timeScale: 0.1, target: { settings: { PINGS: "false" } } });
      expect(ran.plan.timing.publishUntilMs).toBeGreaterThanOrEqual(3 * 6_000);
    },
  );

  test.each(["nginx", "haproxy"])(
    "B1: %s's 60 s are found by those without beats, at the time-out and without a close frame",
    async (program) => {
      const ran = await run(...C16, "--balancer", program, "--defect", "lb-idle-timeout-60s");
      expect(foundBy("close-codes", ran)).toMatch(/\d+ × 1006/);
      const all = lost(ran);
      expect(all.filter(({ role }) => role === "silent").length).toBeGreaterThanOrEqual(10);
      expect(new Set(all.map(({ role }) => role))).toEqual(new Set(["silent"]));
      for (const { code, silentMs } of all) {
        expect(code).toBeNull();
        expect(silentMs).toBeGreaterThan(5_500);
      }
    },
  );

  test("B3: beats that come every 90 s do not help against 60 s: everybody is lost", async () => {
    const ran = await run(...C16, "--defect", "heartbeat-slower-than-idle-timeout");
    expect(foundBy("close-codes", ran)).toMatch(/\d+ × 1006/);
    expect(new Set(lost(ran).map(({ role }) => role))).toEqual(
      new Set(["beating", "silent", "client-beats", "server-beats"]),
    );
  });
});

test("E32, E33, E36, E40: faults of the balancer in one run, each seen to work and to be gone, and judged by server", {
  tags: "timed",
  timeout: 180_000,
}, async () => {
  const ran = await run(
    ...["proxy-matrix", "--seed", "7", "--balancer", "haproxy", "-p", "holdMs=24s", "-p", "rampMs=2s"],
    ...["--fault", "strip-upgrade@4s..7s:balancer"],
    ...["--fault", "drain-server@8s..11s:server-any/balancer"],
    ...["--fault", "balancer-reload@13s..17s:balancer,graceMs=200"],
  );
  expect(breached(ran)).toEqual([]);
  // The reload ended everybody, and the fault explains it.
  const dropped = ran.connections.filter((each) => each.what === "closed" && each.code === null);
  expect(dropped.length).toBeGreaterThanOrEqual(12);
});

test("E40: by hand: up behind HAProxy, one server drained and back, down", async () => {
  await using box = await sandbox();
  const up = await box.run("up", "--detach", "--balancer", "haproxy", "--time-scale", "0.5");
  expect([up.exit, up.out]).toEqual([
    0,
    expect.stringMatching(/balancer {2}ws:\S+ +haproxy \(round-robin\)/),
  ]);
  try {
    const drained = await box.run("chaos", "drain-server", "--target", "server-any/balancer", "--for", "1s");
    expect([drained.exit, drained.out]).toEqual([
      0,
      expect.stringMatching(/server-\d\/balancer: effect seen[\s\S]*gone again/),
    ]);
    const unknown = await box.run("chaos", "drain-server", "--target", "server-7/balancer", "--for", "1s");
    expect([unknown.exit, unknown.err]).toEqual([2, expect.stringContaining("SW_UNKNOWN_NAME")]);
  } finally {
    expect((await box.run("down")).exit).toBe(0);
  }
});

test("a killed harness leaves no balancer behind", async () => {
  await using box = await sandbox();
  const running = box.start("run", ...C50, "--balancer", "nginx");
  await running.printed(/starting the clients|connected/);
  expect((await running.marked()).some(({ command }) => command.includes("nginx"))).toBe(true);
  running.child.kill("SIGKILL");
  await running.ended;
  expect(await eventually(running.marked, (left) => left.length === 0, 15_000)).toEqual([]);
  expect(await eventually(running.temporary, (left) => left.length === 0, 5_000)).toEqual([]);
});

describe("what makes no sense is refused before anything starts, exit 2", () => {
  test.each([
    [["--balancer", "nginxx"], /SW_UNKNOWN_NAME.*unknown balancer "nginxx"[\s\S]*did you mean "nginx"/],
    [["--balancer", "nginx", "--balance", "robin"], /SW_UNKNOWN_NAME.*unknown --balance "robin"/],
    [["--balance", "cookie"], /SW_USAGE.*--balance without a balancer[\s\S]*--balancer nginx or haproxy/],
    [
      ["--fault", "strip-upgrade@1s..2s:balancer"],
      /no balancer that the harness can reach; --balancer nginx/,
    ],
    [
      ["--balancer", "haproxy", "--fault", "http10-upstream@1s..2s:balancer"],
      /SW_USAGE.*nothing that haproxy can be made to do[\s\S]*--balancer nginx/,
    ],
    [["--balancer", "nginx", "--fault", "drain-server@1s..2s:balancer"], /SW_UNKNOWN_NAME/],
    [["--balancer", "haproxy", "--defect", "http10-upstream"], /SW_USAGE.*nothing that haproxy can do/],
    [["--url", "ws://127.0.0.1:9/ws", "--balancer", "nginx"], /SW_USAGE.*--url names another one/],
    [["--url", "ws://127.0.0.1:9/ws", "--defect", "lb-idle-timeout-60s"], /SW_USAGE.*our own balancer/],
  ])("%j", async (options, says) => {
    await using box = await sandbox();
    const { exit, err } = await box.run("run", "ramp", ...options);
    expect(err).toMatch(says);
    expect(exit).toBe(2);
  });
});
