import { expect, test } from "vitest";
import { readEvent } from "./event.ts";

test("A101: an event for a user, with or without a key, and one for a segment", () => {
  const forBob = ["user", "bob", "destination", "/queue/loan-status", "payload", '{"approved":true}'];
  const event = { user: "bob", destination: "/queue/loan-status", payload: '{"approved":true}' };
  expect(readEvent(forBob)).toEqual({ event: { ...event, key: undefined } });
  expect(readEvent([...forBob, "key", "loan-7"])).toEqual({ event: { ...event, key: "loan-7" } });
  expect(readEvent(["destination", "/topic/tier.premium", "payload", "1"]).event).toMatchObject({
    user: undefined,
    destination: "/topic/tier.premium",
  });
});

test.each<[string, string[]]>([
  ["no destination", ["payload", "1"]],
  ["no destination", []],
  ["the payload is no JSON", ["destination", "/topic/announcements", "payload", "{"]],
  ["the payload is no JSON", ["destination", "/topic/announcements"]],
  ["no event topic", ["destination", "/topic/room.a", "payload", "1"]],
  ["no event topic", ["destination", "/queue/notify", "payload", "1"]],
  ["no user queue", ["user", "bob", "destination", "/topic/announcements", "payload", "1"]],
  ["bad user", ["user", "bob/queue", "destination", "/queue/notify", "payload", "1"]],
  ["bad user", ["user", "", "destination", "/queue/notify", "payload", "1"]],
  ["bad key", ["destination", "/topic/announcements", "payload", "1", "key", ""]],
  ["bad key", ["destination", "/topic/announcements", "payload", "1", "key", "k".repeat(257)]],
])("A101: %s: %j", (mistake, fields) => {
  expect(readEvent(fields)).toEqual({ mistake });
});
