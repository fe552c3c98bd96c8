import { expect, test } from "vitest";
import { healthyInput } from "../input-policies.ts";
import { type Application, route, type SendRequest } from "./application.ts";

const echo: Application = {
  prefix: "/app/echo/",
  handle: async (_request, rest) => ({ how: "rejected", reason: rest }),
};
const delivered: string[] = [];
const apply = route([echo], (request) =>
  healthyInput.sendToBroker(request, (destination) => delivered.push(destination)),
);
const to = (destination?: string) =>
  apply({
    user: "ann",
    headers: destination === undefined ? {} : { destination },
    body: "",
    session: undefined as unknown as SendRequest["session"],
  });

test("A36: what follows the prefix goes to its application", async () => {
  expect(await to("/app/echo/a/b")).toEqual({ how: "rejected", reason: "a/b" });
});

test.each([
  undefined,
  "",
  "/topic/room.a",
  "/topic/announcements",
  "/queue/x",
  "/user/queue/reply",
  "/user/bob/queue/reply",
  "/app/nothing",
  "/app/echo",
  "//app/echo/a",
  "/APP/echo/a",
])("A32, B174, I78: SEND to %j is forbidden and reaches nobody", async (destination) => {
  expect(await to(destination)).toMatchObject({ how: "forbidden" });
  expect(delivered).toEqual([]);
});
