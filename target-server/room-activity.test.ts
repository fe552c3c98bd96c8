import { expect, test } from "vitest";
import { fullestRooms, RoomActivity, sumOf } from "./room-activity.ts";

const MINUTE_MS = 60_000;

test("D55: the busiest rooms of the last hour, and no more of them than asked for", () => {
  let nowMs = 1_000 * MINUTE_MS;
  const activity = new RoomActivity(() => nowMs);
  for (let n = 0; n < 5; n++) activity.add("busy");
  nowMs += 30 * MINUTE_MS;
  activity.add("busy");
  activity.add("calm");
  expect(activity.busiest(10)).toEqual([
    { room: "busy", messages: 6 },
    { room: "calm", messages: 1 },
  ]);
  expect(activity.busiest(1)).toEqual([{ room: "busy", messages: 6 }]);

  nowMs += 30 * MINUTE_MS;
  expect(activity.busiest(10)).toEqual([
    { room: "busy", messages: 1 },
    { room: "calm", messages: 1 },
  ]);
  nowMs += 120 * MINUTE_MS;
  expect(activity.busiest(10)).toEqual([]);
});

test("D55: rooms beyond the bound push out the one that was silent longest", () => {
  const activity = new RoomActivity(() => 0);
  for (let n = 0; n < 10_000; n++) activity.add(`room-${n}`);
  activity.add("room-0");
  activity.add("one-more");
  const known = activity.busiest(20_000).map(({ room }) => room);
  expect(known).toHaveLength(10_000);
  expect(known).toContain("room-0");
  expect(known).not.toContain("room-1");
});

test("D55, A58: subscriptions are counted of all destinations, and shown of rooms only", () => {
  const audiences = [
    { destination: "/topic/room.small", subscriptions: 1 },
    { destination: "/queue/reply-user1", subscriptions: 5 },
    { destination: "/topic/room.big", subscriptions: 3 },
  ];
  expect(sumOf(audiences)).toBe(9);
  expect(fullestRooms(audiences, 5)).toEqual([
    { room: "big", subscriptions: 3 },
    { room: "small", subscriptions: 1 },
  ]);
});
