import { expect, test } from "vitest";
import { bucketOf } from "../scenarios/model/histogram.ts";
import type { Flush } from "../scenarios/model/telemetry.ts";
import { Live } from "./live.ts";

function flush(vu: number, subscribed: number, counts: Record<string, number>, latencyUs?: number): Flush {
  const data = {
    buckets: latencyUs === undefined ? [] : [latencyUs, 10],
    minUs: latencyUs ?? 0,
    maxUs: latencyUs ?? 0,
  };
  return {
    type: "flush",
    vu,
    sequence: 0,
    atMs: 1_000,
    connections: [],
    sends: [],
    outcomes: [],
    received: [],
    oddities: [],
    slowest: [],
    gauges: { subscribed, due: subscribed + 1 },
    counts,
    histograms: [{ metric: "delivery", role: "chatter", second: 0, data }],
  };
}

test("the line that people watch adds up all VUs, of both engines, each with its last second", () => {
  const live = new Live();
  live.telemetry(flush(1, 40, { sent: 40, deliveries: 400 }, 100));
  live.telemetry(flush(2, 3, { sent: 1, deliveries: 5 }));
  expect(live.line(12_000, 45_000)).toBe(
    "12 s of 45 s · 43 of 45 connected · 41 sent/s · 405 delivered/s · p99 0 ms · load fit",
  );
  live.telemetry(flush(2, 2, { sent: 2, deliveries: 6 }));
  // The first slice of a very full second has no counts yet.
  live.telemetry(flush(1, 39, {}));
  expect(live.line(13_000, 45_000)).toContain("41 of 43 connected · 42 sent/s · 406 delivered/s");
});

test("rule 6: the line says in one word whether its figures can be believed, and why not", () => {
  const live = new Live();
  const said = () => /load (.*)$/.exec(live.line(1_000, 2_000))?.[1];
  const machine = (cpu: number, stolen: number) =>
    live.sample({
      kind: "machine",
      atMs: 1_000,
      cpu,
      stolen,
      processCpu: {},
      processRss: {},
      loopLagP99Ms: 0,
      loopLagMaxMs: 0,
      clockStepMs: 0,
    });
  const late = (metric: string, ms: number): Flush => {
    const data = { buckets: [bucketOf(ms * 1_000), 100], minUs: ms * 1_000, maxUs: ms * 1_000 };
    return { ...flush(1, 1, { sent: 1 }), histograms: [{ metric, role: "chatter", second: 0, data }] };
  };
  machine(0.5, 0);
  live.telemetry(late("lateness", 50));
  expect(said()).toBe("fit");
  machine(0.95, 0);
  expect(said()).toBe("starved (the machine's CPU was 95 % busy)");
  machine(0.95, 0.2);
  expect(said()).toBe("starved (20 % of the CPU was taken away by the hypervisor)");
  live.telemetry(late("lateness", 80));
  expect(said()).toBe("late (sends 80 ms late)");
  live.telemetry(late("loopLag", 150));
  expect(said()).toBe("late (event loop 150 ms late)");
  live.telemetry(flush(1, 1, { sent: 1, missedLate: 3 }));
  expect(said()).toBe("late (3 sends skipped)");
  live.telemetry(flush(1, 1, { sent: 1 }));
  machine(0.5, 0);
  expect(said()).toBe("fit");
});
