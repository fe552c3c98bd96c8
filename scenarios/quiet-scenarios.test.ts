import { describe, expect, test } from "vitest";
import authExpiryAndBan from "./auth-expiry-and-ban.ts";
import dbPoolExhaustion from "./db-pool-exhaustion.ts";
import largeMessages from "./large-messages.ts";
import messageFlood from "./message-flood.ts";
import mobileFlapping from "./mobile-flapping.ts";
import { chatChecks, chatWarmUpMs } from "./model/chat.ts";
import { quietChecks } from "./model/quiet-chat.ts";
import type { Scenario } from "./model/scenario.ts";
import multiTab from "./multi-tab.ts";
import presenceChurn from "./presence-churn.ts";
import privateCrossInstance from "./private-cross-instance.ts";
import rateLimitScope from "./rate-limit-scope.ts";
import readReceipts from "./read-receipts.ts";
import redisSlow from "./redis-slow.ts";
import sessionCap from "./session-cap.ts";
import stallAndDeadlock from "./stall-and-deadlock.ts";

/** From the fault until publishing ends. */
function afterFaultMs(scenario: Scenario): number {
  const [fault = ""] = scenario.faults?.(scenario.params) ?? [];
  const fromMs = Number(/@(\d+)ms/.exec(fault)?.[1]);
  return scenario.timing(scenario.params).publishUntilMs - fromMs;
}

/** What an exam has until publishing ends. */
function examMs({ timing, params }: Scenario): number {
  return timing(params).publishUntilMs - chatWarmUpMs(params.rampMs as number) - 500;
}

const numbers = ({ params }: Scenario) => params as Record<string, number>;

describe.each([
  authExpiryAndBan,
  dbPoolExhaustion,
  largeMessages,
  messageFlood,
  mobileFlapping,
  multiTab,
  presenceChurn,
  privateCrossInstance,
  rateLimitScope,
  readReceipts,
  redisSlow,
  sessionCap,
  stallAndDeadlock,
])("$name", (scenario) => {
  test("it lasts 22 s at most, and its chat delivers at most 300 messages a second", () => {
    expect(scenario.timing(scenario.params).endMs).toBeLessThanOrEqual(22_000);
    const { clients, roomSize, publishEveryMs } = numbers(scenario);
    expect((clients! * roomSize! * 1_000) / publishEveryMs!).toBeLessThanOrEqual(300);
  });

  test("its chat is judged by everything but its speed", () => {
    expect(scenario.checks).toEqual(expect.arrayContaining([...quietChecks]));
  });
});

test("what the chat beside an exam is not judged by is its speed alone", () => {
  expect(chatChecks.filter((check) => !quietChecks.includes(check))).toEqual([
    "delivery-p99",
    "recovery-time",
  ]);
});

test("C19: on average all flaps are over well before publishing ends", () => {
  const { flaps, onlineMs, offlineMs } = numbers(mobileFlapping);
  // Half as long again, and 3 s until what was said last has come.
  expect(flaps! * (onlineMs! + offlineMs!) * 1.5 + 3_000).toBeLessThanOrEqual(examMs(mobileFlapping));
});

test("C20, A31: all tabs of a user are within the cap on sessions", () => {
  expect(numbers(multiTab).tabs).toBeLessThanOrEqual(5);
});

test("C25, I29: a busy room has more messages at once than one user may send", () => {
  const { senders, messages } = numbers(readReceipts);
  expect(senders! * messages!).toBeGreaterThan(2 * 10);
  expect(messages).toBeLessThanOrEqual(10);
});

test("C26: after the kill there is time for the TTL, a sweep, and a machine that is busy", () => {
  const { presenceTtlMs } = numbers(presenceChurn);
  expect(presenceTtlMs! + 500 + 4_000).toBeLessThan(afterFaultMs(presenceChurn));
});

test("C28: a writer writes to its own instance and to another one", () => {
  expect(numbers(privateCrossInstance).messages).toBeGreaterThanOrEqual(2);
});

test("C30: the large message is far beyond the limit", () => {
  const { largeBytes, messageBytesMax } = numbers(largeMessages);
  expect(largeBytes).toBeGreaterThan(100 * messageBytesMax!);
  expect(largeMessages.reference?.(largeMessages.params)).toEqual({ MAX_MESSAGE_BYTES: "65536" });
});

test("C32, A70: a flood is longer than the limit and all strikes after it", () => {
  const { floodSends, sendsMax, floods } = numbers(messageFlood);
  expect(floodSends).toBeGreaterThan(3 * sendsMax! + 1);
  expect(floods! * 1_500 + 1_000).toBeLessThan(examMs(messageFlood));
});

test("C33: one session and one user have the same limit, so that only the scope tells them apart", () => {
  const { USER_RATE, SESSION_RATE } = rateLimitScope.reference?.(rateLimitScope.params) ?? {};
  expect(USER_RATE).toBe("10/1000");
  expect(SESSION_RATE).toBe(USER_RATE);
});

test("C35: more sessions are tried than allowed, and slots can come back before the end", () => {
  const { attempts, sessionsMax, slotTtlMs } = numbers(sessionCap);
  expect(attempts).toBeGreaterThan(2 * sessionsMax!);
  expect(slotTtlMs! + 4_000).toBeLessThan(afterFaultMs(sessionCap));
});

test("C37: tokens run out, with their grace and a margin, before publishing ends", () => {
  const { tokenLifeMs, tokenGraceMs } = numbers(authExpiryAndBan);
  expect(tokenLifeMs! + tokenGraceMs! + 3_000).toBeLessThan(examMs(authExpiryAndBan));
});

test("C43: Redis is slow within the run, and well again before its end", () => {
  expect(numbers(redisSlow).slowForMs).toBeLessThan(afterFaultMs(redisSlow));
});

test("C48: the flood is more than twice what may wait, and the lock outlasts what is watched", () => {
  const { flooders, capacity, lockedMs } = numbers(dbPoolExhaustion);
  expect(flooders! * 10).toBeGreaterThan(2 * capacity!);
  expect(lockedMs).toBeGreaterThan(1_200 + 1_500);
});

test("C56: the stall is long enough to be known by the beats, with a margin of one interval", () => {
  const { stalledMs, heartbeatMs } = numbers(stallAndDeadlock);
  expect(stalledMs).toBeGreaterThan(2.4 * heartbeatMs!);
});
