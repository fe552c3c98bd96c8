import { describe, expect, test } from "vitest";
import { backoffs } from "./model/backoff.ts";
import { inRoom, roomOf } from "./model/room.ts";
import ramp from "./ramp.ts";
import reconnectStorm from "./reconnect-storm.ts";
import slowReader from "./slow-reader.ts";

describe.each([ramp, reconnectStorm, slowReader])("$name", (scenario) => {
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
    expect(Object.values(scenario.roles(scenario.params))[0]?.load.clients).toBe(clients);
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

test("C11, E64: the loud ones push more at each slow reader, while it is slow, than all buffers below the server hold", () => {
  const { params } = slowReader;
  const { loudClients, loudEveryMs, loudBytes, slowForMs, holdMs, rampMs, clients, roomSize } =
    params as Record<string, number>;
  const pushed = (loudClients! * loudBytes! * slowForMs!) / loudEveryMs!;
  // 8.5 MB held in the worst case measured, 0.5 MB in the server, and half of the time to spare.
  expect(pushed / 2).toBeGreaterThan(6_000_000);
  expect(pushed).toBeGreaterThan(9_000_000 * 1.5);
  // 10 a second of one user are let through (A67).
  expect(loudEveryMs).toBeGreaterThan(100);
  // After that: the first back-off of full jitter, and then some seconds to see that they are back.
  const { baseMs } = backoffs["full-jitter"];
  expect(holdMs! - 2_000 - slowForMs! - baseMs).toBeGreaterThanOrEqual(2_000);
  expect(rampMs).toBeGreaterThan(0);
  const roles = slowReader.roles(params);
  const slow = ["stalled", "trickling", "mute"].map((name) => roles[name]);
  for (const role of slow) expect(role).toMatchObject({ engine: "native", provokes: [1013] });
  expect(roles.chatter).not.toHaveProperty("engine");
  // Their room is nobody else's.
  expect(roomOf(clients! - 1, roomSize!)).toBeLessThan(roomOf(clients! + roomSize! - 1, roomSize!));
});

test("a destination is its template with the room filled in, wherever it stands", () => {
  expect(inRoom("/topic/room.room-{room}", 3)).toBe("/topic/room.room-3");
  expect(inRoom("/exchange/{room}/{room}", 12)).toBe("/exchange/12/12");
  expect(inRoom("/topic/all", 3)).toBe("/topic/all");
});
