import { describe, expect, test } from "vitest";
import dbSlow from "./db-slow.ts";
import halfOpenZombies from "./half-open-zombies.ts";
import longOutage from "./long-outage.ts";
import { backoffs } from "./model/backoff.ts";
import redisDown from "./redis-down.ts";
import rollingDeployDrain from "./rolling-deploy-drain.ts";
import silentAndSlowloris from "./silent-and-slowloris.ts";
import soakLeak from "./soak-leak.ts";
import spike from "./spike.ts";
import sustained from "./sustained.ts";

const disturbed = [dbSlow, longOutage, redisDown, rollingDeployDrain];
const quiet = [halfOpenZombies, silentAndSlowloris, soakLeak, spike, sustained];

/** Of the scenario's own faults, ms. */
function windows({ faults, params }: (typeof disturbed)[number]): { fromMs: number; toMs: number }[] {
  return (faults?.(params) ?? []).map((text) => {
    const [, from, to] = /@(\d+)ms\.\.(\d+)ms:/.exec(text) ?? [];
    return { fromMs: Number(from), toMs: Number(to) };
  });
}

describe.each([...disturbed, ...quiet])("$name", (scenario) => {
  test("its defaults lie within their bounds", () => {
    for (const [key, bound = []] of Object.entries(scenario.bounds ?? {})) {
      const value = scenario.params[key];
      if (typeof bound[0] === "string") expect(bound).toContain(value);
      else {
        expect(value).toBeGreaterThanOrEqual(bound[0]);
        expect(value).toBeLessThanOrEqual(bound[1] as number);
      }
    }
  });

  test("its times are in order, and it ends within 70 s", () => {
    const { warmUpMs, publishUntilMs, endMs } = scenario.timing(scenario.params);
    expect(0).toBeLessThan(warmUpMs);
    expect(warmUpMs).toBeLessThan(publishUntilMs);
    expect(publishUntilMs).toBeLessThan(endMs);
    expect(endMs).toBeLessThanOrEqual(70_000);
  });

  test("each question has a name of its own and a check that judges its invariant", () => {
    const asked = Object.values(scenario.roles(scenario.params)).flatMap((role) =>
      "asks" in role ? role.asks : [],
    );
    const names = asked.map(({ about }) => about);
    expect(names).toEqual([...new Set(names)]);
    const checks: Readonly<Record<string, string>> = {
      "INV-CLOSE": "orderly-close",
      "INV-ISOLATE": "private-stays-private",
      "INV-REJECT": "refusals",
      "INV-HEALTH": "health-endpoints",
      "INV-REAP": "reaping",
      "INV-PRESENCE": "presence",
      "INV-LEAK": "leaks",
      "INV-BOUND": "bounds",
    };
    for (const { invariant } of asked) expect(scenario.checks).toContain(checks[invariant]);
  });
});

test.each(disturbed)("$name has a baseline before its fault, and time to recover after it", (scenario) => {
  const { warmUpMs, publishUntilMs } = scenario.timing(scenario.params);
  const found = windows(scenario);
  expect(found.length).toBeGreaterThan(0);
  // The last retry of the short back-off, and 3 s in which all must stay well.
  const backMs = scenario.params.reconnect === "full-jitter-short" ? backoffs["full-jitter-short"].capMs : 0;
  for (const { fromMs, toMs } of found) {
    expect(fromMs - warmUpMs).toBeGreaterThanOrEqual(3_000);
    expect(publishUntilMs - toMs).toBeGreaterThanOrEqual(backMs + 3_000);
  }
});

test("C7, B18: the outage lasts until everybody's third retry", () => {
  const { baseMs, jitterMs, capMs } = backoffs["jitter-inside-cap"];
  expect(Number(longOutage.params.outageMs)).toBeGreaterThanOrEqual(baseMs + jitterMs / 2 + capMs / 2);
  expect(longOutage.params.reconnect).toBe("full-jitter-short");
  // Twice the 30 that retry-jitter wants, as some are lucky and back before.
  expect(Number(longOutage.params.clients)).toBe(60);
});

test("C46: two statements in a row take longer than one and a half heart-beats, and none is given up", () => {
  const { statementMs, heartbeatMs } = dbSlow.params as Record<string, number>;
  expect(2 * statementMs! - 100).toBeGreaterThan(1.5 * heartbeatMs!);
  expect(statementMs).toBeLessThan(2_000);
  expect(dbSlow.reference?.(dbSlow.params)).toEqual({ HEARTBEAT_MS: "2000" });
});

test("C4: the crowd is four times as many as are there, in rooms of their own, and leaves before the end", () => {
  const { clients, crowd, crowdOverMs, crowdStaysMs } = spike.params as Record<string, number>;
  expect(clients! + crowd!).toBe(5 * clients!);
  const role = spike.roles(spike.params).crowd;
  const fromMs = role?.load.kind === "ramp" ? (role.load.fromMs ?? 0) : 0;
  const { warmUpMs, publishUntilMs } = spike.timing(spike.params);
  expect(fromMs).toBeGreaterThan(warmUpMs);
  expect(fromMs + crowdOverMs! + crowdStaysMs!).toBeLessThan(publishUntilMs - 5_000);
});

test("C8: each instance has a turn that is longer than its drain", () => {
  const { drainBudgetMs } = rollingDeployDrain.params as Record<string, number>;
  const [window] = windows(rollingDeployDrain);
  expect(rollingDeployDrain.faults?.(rollingDeployDrain.params)).toEqual([
    expect.stringMatching(/^rolling-restart@.*:server-all$/),
  ]);
  expect((window!.toMs - window!.fromMs) / 3).toBeGreaterThan(drainBudgetMs! + 1_000);
  expect(rollingDeployDrain.reference?.(rollingDeployDrain.params)).toEqual({ DRAIN_MS: "3000" });
});

test("C12: the server is told the deadline that the silent wait for, and there is time for it", () => {
  const { firstMessageMs, rampMs } = silentAndSlowloris.params as Record<string, number>;
  expect(silentAndSlowloris.reference?.(silentAndSlowloris.params)).toEqual({ FIRST_MESSAGE_MS: "4000" });
  const { publishUntilMs } = silentAndSlowloris.timing(silentAndSlowloris.params);
  expect(rampMs! + 2_000 + firstMessageMs! + 5_000).toBeLessThanOrEqual(publishUntilMs);
});

test("C18, C16: there is time for two intervals of silence, for a late presence, and for a late look", () => {
  const { heartbeatMs, rampMs } = halfOpenZombies.params as Record<string, number>;
  expect(halfOpenZombies.reference?.(halfOpenZombies.params)).toEqual({ HEARTBEAT_MS: "4000" });
  const { publishUntilMs } = halfOpenZombies.timing(halfOpenZombies.params);
  expect(publishUntilMs - rampMs! - 2_000).toBeGreaterThanOrEqual(2 * heartbeatMs! + 4_000 + 4_000);
});

test("C42: Redis is away from every instance", () => {
  expect(redisDown.faults?.(redisDown.params)).toEqual([expect.stringMatching(/^cut@.*:server-all\/redis$/)]);
});

test("C57: what one connection for each health check would add is more than what may come and go besides", () => {
  const { healthChecks } = soakLeak.params as Record<string, number>;
  expect(healthChecks! - Math.ceil(0.25 * healthChecks!)).toBeGreaterThanOrEqual(20);
});

test("C3: a hundred users with a message every 10 s, for a minute", () => {
  expect(sustained.params).toMatchObject({ clients: 100, publishEveryMs: 10_000, holdMs: 60_000 });
});
