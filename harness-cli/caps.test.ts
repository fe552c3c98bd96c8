import { expect, test } from "vitest";
import type { Flush } from "../scenarios/model/telemetry.ts";
import { RateGuard } from "./caps.ts";

const report = (second: number, sent: number, dials = 0): Flush => ({
  type: "flush",
  vu: 1,
  sequence: second,
  atMs: second * 1_000,
  connections: Array.from({ length: dials }, (_, client) => {
    return { what: "connected" as const, atMs: second * 1_000, client, attempt: 0, endpoint: 0 };
  }),
  sends: [],
  outcomes: [],
  received: [],
  oddities: [],
  histograms: [],
  counts: { sent },
  gauges: {},
  slowest: [],
});

test("rule 8: messages and connections together, over five seconds: a burst may be, a flood may not", () => {
  const guard = new RateGuard(100);
  expect(guard.telemetry(report(1, 400, 100))).toBeUndefined();
  expect([2, 3, 4, 5].map((second) => guard.telemetry(report(second, 0)))).toEqual(Array(4).fill(undefined));
  for (let second = 6; second < 60; second++) expect(guard.telemetry(report(second, 100))).toBeUndefined();
  expect(guard.telemetry(report(60, 100, 1))).toBe(
    "501 messages and connections within 5 s are more than 100 a second",
  );
});
