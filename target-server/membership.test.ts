import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { chatSend } from "./app/chat-send.ts";
import { RoomMembers } from "./membership.ts";
import { healthy } from "./policies.ts";

test("A105, A32: SENDs of one client keep their order while its membership is looked up", async () => {
  const lookUps: ((member: boolean) => void)[] = [];
  const membership = new RoomMembers(5_000, () => new Promise((resolve) => lookUps.push(resolve)));
  const stored: string[] = [];
  const app = chatSend({
    ...{ serverId: "s", policies: healthy, membership, overloaded: () => undefined },
    ordering: {
      inTurn: async ({ content }) => {
        stored.push(content);
        return { how: "stored" };
      },
    },
  });
  const send = (content: string) =>
    app.handle({ user: "ann", headers: {}, body: JSON.stringify({ content }), session: {} as never }, "r");
  // Of one read of the socket.
  const both = [send("first"), send("second")];
  // Postgres has many connections, and the last one may be the quickest.
  for (const answer of lookUps.reverse()) {
    answer(true);
    await turn();
  }
  await Promise.all(both);
  expect(stored).toEqual(["first", "second"]);
});

test("A32: who could not be looked up is looked up again", async () => {
  let away = true;
  const membership = new RoomMembers(5_000, async () => {
    if (away) throw new Error("Postgres is away");
    return true;
  });
  const asked = [membership.isMember("ann", "r"), membership.isMember("ann", "r")];
  for (const answer of asked) await expect(answer).rejects.toThrow("away");
  away = false;
  expect(await membership.isMember("ann", "r")).toBe(true);
  expect(membership.isMember("ann", "r")).toBe(true);
});
