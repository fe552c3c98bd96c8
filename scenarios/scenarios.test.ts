import { describe, expect, test } from "vitest";
import { backoffs } from "./model/backoff.ts";
import { inRoom, roomOf } from "./model/room.ts";
import ramp from "./ramp.ts";
import reconnectStorm from "./reconnect-storm.ts";

describe.each([ramp, reconnectStorm])("$name", (scenario) => {
  test("its defaults lie within their bounds", () => {
    for (const [key, bound = []] of Object.entries(scenario.bounds ?? {})) {
      const value = scenario.params[key];
      if (typeof bound[0] === "string") expect(bound).toContain(value);
      else {
        expect(value).toBeGreaterThanOrEqual(bound[0]);
        expect(value).toBeLessThanOrEqual(bound[1] as number);
      }
    }
    expect(scenario.bounds?.reconnect).toEqual(Object.keys(backoffs));
  });

  test("a run takes at most 40 s, and its times are in order", () => {
    const { warmUpMs, publishUntilMs, endMs } = scenario.timing(scenario.params);
    expect(0).toBeLessThan(warmUpMs);
    expect(warmUpMs).toBeLessThan(publishUntilMs);
    expect(publishUntilMs).toBeLessThan(endMs);
    expect(endMs).toBeLessThanOrEqual(40_000);
  });

  test("B42: each room has members on each of three instances", () => {
    const { clients, roomSize } = scenario.params as { clients: number; roomSize: number };
    const instances = new Map<number, Set<number>>();
    for (let client = 0; client < clients; client++) {
      const room = roomOf(client, roomSize);
      instances.set(room, (instances.get(room) ?? new Set()).add(client % 3));
    }
    expect(instances.size).toBe(clients / roomSize);
    for (const seen of instances.values()) expect(seen.size).toBe(3);
  });

  test("enough is delivered for a p99 of every 3 s: 1,000 samples (I81)", () => {
    const { clients, roomSize, publishEveryMs } = scenario.params as Record<string, number>;
    expect((3_000 / publishEveryMs!) * clients! * roomSize!).toBeGreaterThanOrEqual(1_000);
  });
});

test("C7: by itself the storm kills one instance after a baseline, and leaves time for two attempts of full jitter", () => {
  const { params } = reconnectStorm;
  const [fault, ...others] = reconnectStorm.faults!(params);
  expect(others).toEqual([]);
  expect(fault).toBe("kill@12000ms..14000ms:server-any");
  const { warmUpMs, publishUntilMs } = reconnectStorm.timing(params);
  expect(12_000 - warmUpMs).toBeGreaterThanOrEqual(5_000);
  const { baseMs, growth } = backoffs["full-jitter"];
  expect(publishUntilMs - 12_000).toBeGreaterThanOrEqual(baseMs + baseMs * growth - 2_000);
});

test("a destination is its template with the room filled in, wherever it stands", () => {
  expect(inRoom("/topic/room.room-{room}", 3)).toBe("/topic/room.room-3");
  expect(inRoom("/exchange/{room}/{room}", 12)).toBe("/exchange/12/12");
  expect(inRoom("/topic/all", 3)).toBe("/topic/all");
});
