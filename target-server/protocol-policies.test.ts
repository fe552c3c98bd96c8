import { expect, test } from "vitest";
import { readConfig } from "./config.ts";
import { healthy } from "./policies.ts";

test("A57, B10: late is later than the limit", () => {
  expect(healthy.connectIsLate(30_000, 30_000)).toBe(false);
  expect(healthy.connectIsLate(30_001, 30_000)).toBe(true);
});

test("A59, B13: a beat waits for no handler", () => {
  let sent = 0;
  healthy.beat(
    () => {
      sent += 1;
    },
    () => new Promise(() => {}),
  );
  expect(sent).toBe(1);
});

test("A52, B2, B4: both directions are offered as configured", () => {
  expect(healthy.offerBeat({ sendsMs: 25_000, wantsMs: 25_000 })).toEqual({
    sendsMs: 25_000,
    wantsMs: 25_000,
  });
});

test("A61: message and frame have the same limit", () => {
  expect(healthy.sizeLimits(65_536)).toEqual({ webSocketMessage: 65_536, stompFrame: 65_536 });
});

test("A11, B126: who is full says so", () => {
  let refused = false;
  healthy.whenFull(() => {
    refused = true;
  });
  expect(refused).toBe(true);
});

test("A11, A15, B215: the defaults are those of the requirements; idle connections outlive a load balancer's hour", () => {
  const { config } = readConfig({ JWT_SECRET: "0123456789abcdef0123456789abcdef" });
  expect(config?.httpTimeouts.headMs).toBe(20_000);
  expect(config?.httpTimeouts.keepAliveMs).toBeGreaterThan(3_600_000);
  expect(config?.sockJs).toEqual({ heartbeatMs: 25_000, disconnectDelayMs: 5_000 });
  expect(config?.webSocketPaths).toEqual(["/ws", "/ws/notifications"]);
});

test("I85: heads, idle connections and SockJS's times are scaled with the rest", () => {
  const { config } = readConfig({ JWT_SECRET: "0123456789abcdef0123456789abcdef", TIME_SCALE: "0.1" });
  expect(config?.httpTimeouts).toEqual({ headMs: 2_000, keepAliveMs: 366_000 });
  expect(config?.sockJs).toEqual({ heartbeatMs: 2_500, disconnectDelayMs: 500 });
});

test.each(["", "ws", "/ws?x", "/"])("A2: %j is no path to listen at", (paths) => {
  const { mistakes } = readConfig({ JWT_SECRET: "0123456789abcdef0123456789abcdef", WS_PATHS: paths });
  expect(mistakes).toEqual([expect.stringContaining("WS_PATHS")]);
});
