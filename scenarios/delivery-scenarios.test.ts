import { describe, expect, test } from "vitest";
import { parseDurationMs } from "../harness-cli/duration.ts";
import chatUserFlow from "./chat-user-flow.ts";
import crashMidBroadcast from "./crash-mid-broadcast.ts";
import dbDown from "./db-down.ts";
import historySubscribeGap from "./defects/history-subscribe-gap.ts";
import externalEventPush from "./external-event-push.ts";
import fanOutRoom from "./fan-out-room.ts";
import historyThenSubscribe from "./history-then-subscribe.ts";
import type { Invariant } from "./model/scenario.ts";
import offlineBufferDrain from "./offline-buffer-drain.ts";
import ordering from "./ordering.ts";
import redisOutage from "./redis-outage.ts";
import redisRestart from "./redis-restart.ts";
import resumeReplay from "./resume-replay.ts";
import senderRetry from "./sender-retry.ts";

const all = [
  chatUserFlow,
  crashMidBroadcast,
  dbDown,
  externalEventPush,
  fanOutRoom,
  historyThenSubscribe,
  offlineBufferDrain,
  ordering,
  redisOutage,
  redisRestart,
  resumeReplay,
  senderRetry,
];

/** Which check judges what examiners say of an invariant. */
const checkOf: Partial<Record<Invariant, string>> = {
  "INV-COVER": "reaches-everyone",
  "INV-LOSS": "catch-up",
  "INV-DUP": "once-only",
  "INV-ORDER": "resumed-order",
  "INV-DURABLE": "stored",
  "INV-ISOLATE": "private-stays-private",
  "INV-BOUND": "bounds",
  "INV-RECOVER": "comes-back",
};

describe.each(all)("$name", (scenario) => {
  const { params } = scenario;
  const timing = scenario.timing(params);
  const roles = Object.values(scenario.roles(params));

  test("its defaults lie within their bounds", () => {
    for (const [key, bound = []] of Object.entries(scenario.bounds ?? {})) {
      const value = params[key];
      if (typeof bound[0] === "string") expect(bound).toContain(value);
      else {
        expect(value).toBeGreaterThanOrEqual(bound[0]);
        expect(value).toBeLessThanOrEqual(bound[1] as number);
      }
    }
  });

  test("a run takes at most 22 s and delivers at most 300 a second, so that two fit beside each other", () => {
    expect(timing.endMs).toBeLessThanOrEqual(22_000);
    const { clients, roomSize, publishEveryMs } = params as Record<string, number>;
    expect((clients! * roomSize! * 1_000) / publishEveryMs!).toBeLessThanOrEqual(300);
  });

  test("its faults come after a baseline and leave a while to look at the healed system", () => {
    for (const fault of scenario.faults?.(params) ?? []) {
      const [, from, to] = /@(\w+)\.\.(\w+):/.exec(fault) ?? [];
      const [fromMs, toMs] = [parseDurationMs(from ?? ""), parseDurationMs(to ?? "")];
      expect(fromMs).toBeGreaterThanOrEqual(timing.warmUpMs);
      expect(toMs).toBeGreaterThan(fromMs!);
      // recovery-time wants 3 s that stay well, and the healing itself takes a while.
      const lookMs = scenario.checks.includes("recovery-time") ? 4_000 : 2_000;
      expect(timing.publishUntilMs - toMs!).toBeGreaterThanOrEqual(lookMs);
    }
  });

  test("every question has a name of its own and a check that judges it", () => {
    const asks = roles.flatMap((role) => ("asks" in role ? role.asks : []));
    expect(new Set(asks.map(({ about }) => about)).size).toBe(asks.length);
    for (const { invariant } of asks) expect(scenario.checks).toContain(checkOf[invariant]);
    // And the other way round: a check of examiners without a question could only be unknown.
    const judging = scenario.checks.filter((check) => Object.values(checkOf).includes(check));
    expect(new Set(judging)).toEqual(new Set(asks.map(({ invariant }) => checkOf[invariant])));
  });

  test("an exam begins after the warm-up, or at its end", () => {
    for (const { load, ...role } of roles) {
      if (!("asks" in role) || load.kind !== "constant") continue;
      expect(load.atMs).toBeGreaterThanOrEqual(timing.warmUpMs);
    }
  });
});

test("B54: the defect is a way of joining that the scenario knows and does not go by itself", () => {
  const { join } = historySubscribeGap.params;
  expect(historyThenSubscribe.bounds?.join).toContain(join);
  expect(historyThenSubscribe.params.join).not.toBe(join);
});
