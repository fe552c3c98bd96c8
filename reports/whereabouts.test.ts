import { expect, test } from "vitest";
import { Story } from "./testing/story.ts";
import { connectionsOf, routeOf, serverOfTarget } from "./whereabouts.ts";

test("a fault's target leads to its server", () => {
  expect(
    ["server-2", "server-12/clients", "server-1/redis", "redis", "myserver-1"].map(serverOfTarget),
  ).toEqual(["server-2", "server-12", "server-1", undefined, undefined]);
});

test("the two templates lead from a SEND to its subscribers", () => {
  const route = routeOf({
    sendDestination: "/app/chat.send/room-{room}",
    subscribeDestination: "/topic/room.room-{room}",
  });
  expect(route("/app/chat.send/room-3")).toBe("/topic/room.room-3");
  expect(route("/app/chat.send/room-")).toBeUndefined();
  expect(route("/app/other/room-3")).toBeUndefined();
});

test("what follows {room} belongs to the template too", () => {
  const route = routeOf({ sendDestination: "/app/{room}/send", subscribeDestination: "/topic/{room}" });
  expect(route("/app/a.b/send")).toBe("/topic/a.b");
  expect(route("/app/send")).toBeUndefined();
});

test("a template without a room is one destination; without templates it is delivered where it was sent to", () => {
  const lobby = routeOf({ sendDestination: "/app/lobby", subscribeDestination: "/topic/lobby" });
  expect([lobby("/app/lobby"), lobby("/app/x")]).toEqual(["/topic/lobby", undefined]);
  expect(routeOf({ rampMs: 5 })("/topic/x")).toBe("/topic/x");
});

test("a client is where it connected last", () => {
  const story = new Story();
  story.join(1, "a", 500);
  story.close(1, 5_000);
  story.join(1, "a", 6_000, 2);
  const serverOf = connectionsOf(story.record());
  expect([400, 500, 5_500, 6_000].map((atMs) => serverOf(1, atMs))).toEqual([
    undefined,
    "server-2",
    "server-2",
    "server-3",
  ]);
});
