import { expect, test } from "vitest";
import { BALANCED, UNPLACED } from "./record/run-record.ts";
import { Story } from "./testing/story.ts";
import { connectionsOf, isOnTheWay, routeOf, serverOfEndpoint, serverOfTarget } from "./whereabouts.ts";

test("a fault's target leads to its server", () => {
  expect(
    ["server-2", "server-12/clients", "server-1/redis", "redis", "myserver-1"].map(serverOfTarget),
  ).toEqual(["server-2", "server-12", "server-1", undefined, undefined]);
});

test("E40: what acts on a server is on the way to it; what is no single server's, on the way to all", () => {
  const targets = [
    "server-1",
    "server-1/clients",
    "server-2",
    "balancer",
    "balancer/clients",
    "toxiproxy",
    "app-1",
  ];
  const onTheWay = (connection: { server?: string; endpoint: number }) =>
    targets.filter((target) => isOnTheWay(target, connection));
  const everyones = ["balancer", "balancer/clients", "toxiproxy", "app-1"];
  const [one, two] = [["server-1", "server-1/clients"], ["server-2"]];
  expect(onTheWay({ endpoint: 0 })).toEqual([...one, ...everyones]);
  expect(onTheWay({ endpoint: 0, server: "server-2" })).toEqual([...one, ...two, ...everyones]);
  expect(onTheWay({ endpoint: BALANCED, server: "server-2" })).toEqual([...two, ...everyones]);
  expect(onTheWay({ endpoint: BALANCED })).toEqual(everyones);
  expect(onTheWay({ endpoint: UNPLACED })).toEqual(targets);
  expect(onTheWay({ endpoint: UNPLACED, server: "server-2" })).toEqual([...two, ...everyones]);
});

test("endpoint i is server i + 1; behind a balancer nobody knows which", () => {
  expect([0, 2, BALANCED, UNPLACED].map(serverOfEndpoint)).toEqual([
    "server-1",
    "server-3",
    "the balancer",
    "the system",
  ]);
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
  expect(route("/app/a.b/leave"), "only its beginning fits").toBeUndefined();
  expect(route("/other/a.b/send"), "only its end fits").toBeUndefined();
});

test("a template without a room is one destination; without templates it is delivered where it was sent to", () => {
  const lobby = routeOf({ sendDestination: "/app/lobby", subscribeDestination: "/topic/lobby" });
  expect([lobby("/app/lobby"), lobby("/app/x")]).toEqual(["/topic/lobby", undefined]);
  expect(routeOf({ rampMs: 5 })("/topic/x")).toBe("/topic/x");
  expect(routeOf({ sendDestination: "/app/{room}" })("/topic/x"), "one template leads nowhere").toBe(
    "/topic/x",
  );
});

test("a template for the subscribers alone leads nowhere either", () => {
  expect(routeOf({ subscribeDestination: "/topic/{room}" })("/topic/x")).toBe("/topic/x");
});

test("a client is where it connected last", () => {
  const story = new Story();
  story.join(1, "a", 500);
  story.close(1, 5_000);
  story.join(1, "a", 6_000, 2);
  const serverOf = connectionsOf(story.record());
  expect([400, 498, 500, 5_500, 5_997, 5_998].map((atMs) => serverOf(1, atMs))).toEqual([
    undefined,
    "server-2",
    "server-2",
    "server-2",
    "server-2",
    "server-3",
  ]);
});
